import type { Place, Problem } from "../kernel/errors.ts";

/** What a server says of an error (RFC 9457), as far as the program shows it. */
export interface ProblemDocument {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly where?: Place;
  readonly problems?: readonly Problem[];
}

/** An error the server answered with. */
export class ServerProblem extends Error {
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail);
    this.name = "ServerProblem";
    this.problem = problem;
  }
}
