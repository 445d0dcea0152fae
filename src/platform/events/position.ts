import { GantryError } from "../../kernel/errors.ts";
import { CURSOR_INVALID } from "./errors.ts";
import type { Cursor } from "./model.ts";

/** A place in the stream: behind the event with these two numbers. Ordered by the first, then the second. */
export interface Position {
  readonly transaction: number;
  readonly sequence: number;
}

export function cursorOf({ transaction, sequence }: Position): Cursor {
  return `${transaction.toString(36)}-${sequence.toString(36)}`;
}

/** Errors: `cursor_invalid`. */
export function positionOf(cursor: Cursor): Position {
  const match = /^([0-9a-z]{1,13})-([0-9a-z]{1,13})$/.exec(cursor);
  const [transaction, sequence] = [match?.[1], match?.[2]].map((digits) => Number.parseInt(digits ?? "", 36));
  if (!Number.isSafeInteger(transaction) || !Number.isSafeInteger(sequence)) {
    throw new GantryError(CURSOR_INVALID, `'${cursor.slice(0, 60)}' is not a cursor of the event stream`);
  }
  return { transaction: transaction!, sequence: sequence! };
}

export function isBefore(a: Position, b: Position): boolean {
  return a.transaction < b.transaction || (a.transaction === b.transaction && a.sequence < b.sequence);
}

export function samePosition(a: Position, b: Position): boolean {
  return a.transaction === b.transaction && a.sequence === b.sequence;
}
