import { GantryError } from "../../kernel/errors.ts";
import { TIME_INVALID } from "./errors.ts";

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * A time as text, in epoch milliseconds: RFC 3339 with a time zone, or epoch milliseconds themselves. Without fractions of a second the
 * whole second is meant: its first millisecond, or its last.
 *
 * Errors: `time_invalid`.
 */
export function timeOf(text: string | undefined, of: "first" | "last"): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const match = RFC_3339.exec(text);
  const time = match === null ? Number.NaN : Date.parse(text.replace(" ", "T").toUpperCase());
  if (Number.isNaN(time)) throw new GantryError(TIME_INVALID, `'${text.slice(0, 40)}' is not a time`);
  return match?.[1] === undefined && of === "last" ? time + 999 : time;
}
