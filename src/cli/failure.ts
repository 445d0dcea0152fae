import { GantryError, messageOf, problemText, type Problem } from "../kernel/errors.ts";
import { paint, printable, type Terminal } from "./terminal.ts";

/** The exit codes of the program: `docs/cli.md` lists them. */
export const EXIT = {
  /** What was asked is done. */
  ok: 0,
  /** It was begun, and something failed. */
  failed: 1,
  /** Nothing was changed: the command line, the documents, a missing right or a missing confirmation forbid it. */
  refused: 2,
  /** Interrupted by Ctrl-C (128 + SIGINT, as shells count). */
  interrupted: 130,
} as const;

/** HTTP statuses of what was refused before anything was changed. */
const REFUSALS: readonly number[] = [400, 403, 409, 412, 413, 422, 428];

/** Ends the command with this exit code, everything having been printed. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Prints what went wrong, for a person, and says with which exit code to end. Never a stack trace. */
export function reportFailure(terminal: Terminal, thrown: unknown): number {
  if (thrown instanceof Exit) return thrown.code;
  if (thrown instanceof GantryError) {
    printProblems(terminal, thrown.problems, {
      detail: thrown.message,
      code: thrown.code,
      ...(thrown.where === undefined ? {} : { where: thrown.where }),
    });
    // A problem that stands alone has said it.
    if (thrown.problems.at(-1)?.hint !== thrown.hint || thrown.problems.length !== 1) printHint(terminal, thrown.hint);
    return REFUSALS.includes(thrown.kind.status) ? EXIT.refused : EXIT.failed;
  }
  terminal.error(`${paint(terminal, "red", "error:")} ${printable(messageOf(thrown))} (internal)\n`);
  if (process.env["GANTRY_DEBUG"] === "1" && thrown instanceof Error) terminal.error(`${thrown.stack ?? ""}\n`);
  else terminal.error("  This is a defect of Gantry. GANTRY_DEBUG=1 shows where it happened.\n");
  return EXIT.failed;
}

function printProblems(
  terminal: Terminal,
  problems: readonly Problem[],
  whole: { detail: string; code: string; where?: Problem["where"] },
): void {
  if (problems.length === 0) {
    const one = problemText({
      code: whole.code,
      message: whole.detail,
      ...(whole.where === undefined ? {} : { where: whole.where }),
    });
    terminal.error(`${paint(terminal, "red", "error:")} ${printable(one)}\n`);
    return;
  }
  for (const one of problems) {
    terminal.error(`${printable(problemText(one))}\n`);
    if (one.hint !== undefined) printHint(terminal, one.hint);
  }
  // One problem says it all itself.
  if (problems.length > 1)
    terminal.error(`${paint(terminal, "red", "error:")} ${printable(whole.detail)} (${whole.code})\n`);
}

function printHint(terminal: Terminal, hint: string | undefined): void {
  if (hint !== undefined && hint !== "") terminal.error(`  ${printable(hint)}\n`);
}
