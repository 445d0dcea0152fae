import type { FastifyError } from "fastify";
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from "fastify-type-provider-zod";
import type { JsonObject } from "../../kernel/json.ts";
import { GantryError, INTERNAL, type Place, type Problem } from "../../kernel/errors.ts";
import { openedSecrets } from "../redaction/index.ts";
import { ENDPOINT_UNKNOWN, REQUEST_INVALID, REQUEST_TOO_LARGE } from "./errors.ts";

/** An error as a document (RFC 9457), with our members beside the standard ones. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable. */
  readonly code: string;
  /** What to do. */
  readonly hint: string;
  readonly where?: Place;
  readonly problems?: readonly Problem[];
  /** Facts for programs; which ones depends on the code. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export const PROBLEM_TYPE = "application/problem+json";

/** The document of an error. What nobody foresaw tells nothing of its inside; values of secrets are taken out. */
export function problemDocument(error: unknown): ProblemDocument {
  const known = knownError(error);
  const document = {
    type: `/errors/${known.code}`,
    title: known.kind.summary,
    status: known.kind.status,
    detail: cut(known.message),
    code: known.code,
    hint: known.hint,
    ...(known.where === undefined ? {} : { where: known.where }),
    ...(known.problems.length === 0 ? {} : { problems: known.problems }),
    ...(Object.keys(known.details).length === 0 ? {} : { details: known.details }),
  };
  return openedSecrets.json(document as unknown as JsonObject) as unknown as ProblemDocument;
}

/** A message may repeat what was asked, and so be as long; the answer is not. Half a secret would not be known as one, so they go first. */
function cut(message: string): string {
  return message.length <= LONGEST_DETAIL ? message : `${openedSecrets.text(message).slice(0, LONGEST_DETAIL)}…`;
}

const LONGEST_DETAIL = 10_000;

/** True for errors that are our own fault, and so belong in the log. */
export function isUnforeseen(error: unknown): boolean {
  return knownError(error).kind === INTERNAL;
}

export function unknownEndpoint(method: string, url: string): GantryError {
  return new GantryError(ENDPOINT_UNKNOWN, `there is no endpoint ${method} ${url.split("?")[0]}`);
}

/** So many problems of a request are told. */
const MOST_PROBLEMS = 20;

/** `/structures/0` as `.structures.0`; the request itself is `/`. */
function place(instancePath: string): string {
  return instancePath === "/" ? "" : instancePath.replaceAll("/", ".");
}

function knownError(error: unknown): GantryError {
  if (error instanceof GantryError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    // A list in which every item is wrong gets no answer of its own size.
    const problems = error.validation.slice(0, MOST_PROBLEMS).map((issue) => ({
      code: REQUEST_INVALID.code,
      message: cut(
        `${error.validationContext ?? "request"}${place(issue.instancePath)}: ${issue.message ?? "is not valid"}`,
      ),
    }));
    return new GantryError(REQUEST_INVALID, problems.map((one) => one.message).join("; "), { problems });
  }
  if (isResponseSerializationError(error))
    return new GantryError(INTERNAL, "an answer did not have its form", { cause: error });
  const { statusCode, code, message } = error as FastifyError;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new GantryError(REQUEST_TOO_LARGE, "the body of the request is too large", { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new GantryError(REQUEST_INVALID, message, { cause: error });
  return new GantryError(INTERNAL, "something failed inside the server", { cause: error });
}
