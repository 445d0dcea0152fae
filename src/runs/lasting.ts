import { GantryError, messageOf } from "../kernel/errors.ts";
import { isWrongStatement } from "../platform/database/index.ts";
import { RUN_BROKEN } from "./errors.ts";
import type { RunError } from "./model.ts";

/** Errors of the language: what was tried once fails in the same way again. */
const OF_THE_PROGRAM = [TypeError, RangeError, SyntaxError, ReferenceError];

/**
 * Why a run cannot go on, of an error that another attempt would meet again; undefined for one that passes: a database that is away or
 * busy, above all.
 */
export function lastingError(error: unknown): RunError | undefined {
  if (error instanceof GantryError)
    return error.kind.status < 500 ? { code: error.code, message: error.message } : undefined;
  if (!isWrongStatement(error) && !OF_THE_PROGRAM.some((kind) => error instanceof kind)) return undefined;
  return { code: RUN_BROKEN.code, message: `the run could not go on: ${messageOf(error)}` };
}
