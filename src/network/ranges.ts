/** Ranges of addresses, and what they leave free. Nothing here counts through a range: a /64 costs as much as a /30. */
import { GantryError } from "../kernel/errors.ts";
import { parseAddress, type Address } from "./addresses.ts";
import type { Bounds } from "./block.ts";
import { ADDRESS_RANGE_INVALID } from "./errors.ts";

/** A range as documents, the inventory and requests write it. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
  /** Why it is kept; empty: not said. */
  readonly reason: string;
}

const RANGE = /^([0-9a-fA-F:.]+)(?:\s*-\s*([0-9a-fA-F:.]+))?(?:\s+(.*))?$/s;

/** A reason is a line for people. */
const LONGEST_REASON = 200;

/**
 * Reads `10.0.0.5`, `10.0.0.1-10.0.0.9`, and either of them with a reason behind a space: `10.0.0.5 old printer`.
 * Throws `address_invalid` or `address_range_invalid`.
 */
export function parseRange(text: string): AddressRange {
  const match = RANGE.exec(String(text).trim());
  if (match === null) throw invalid(text, "is not a range: FIRST, or FIRST-LAST, and perhaps a reason behind a space");
  const [, firstText = "", lastText, reason = ""] = match;
  const first = parseAddress(firstText);
  const last = lastText === undefined ? first : parseAddress(lastText);
  if (last < first) throw invalid(text, "ends before it begins");
  if (reason.length > LONGEST_REASON) throw invalid(text, `has a reason of more than ${LONGEST_REASON} characters`);
  return { first, last, reason: reason.trim() };
}

function invalid(text: string, problem: string): GantryError {
  return new GantryError(ADDRESS_RANGE_INVALID, `${JSON.stringify(String(text).slice(0, 80))} ${problem}`);
}

/** The same numbers as ranges that ascend, and neither overlap nor touch. */
export function mergeRanges(ranges: Iterable<Bounds>): readonly Bounds[] {
  const ordered = [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of ordered) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1n) merged.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return merged;
}

/** What merged ranges leave of `whole`: ranges that ascend. */
export function* gapsBetween(whole: Bounds, merged: Iterable<Bounds>): Generator<Bounds> {
  let next = whole.first;
  for (const { first, last } of merged) {
    if (last < next) continue;
    if (first > whole.last) break;
    if (first > next) yield { first: next, last: first - 1n };
    next = last + 1n;
  }
  if (next <= whole.last) yield { first: next, last: whole.last };
}

/** How many numbers there are in ranges that do not overlap. */
export function countRanges(ranges: Iterable<Bounds>): bigint {
  let count = 0n;
  for (const { first, last } of ranges) count += last - first + 1n;
  return count;
}
