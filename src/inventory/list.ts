import { GantryError } from "../kernel/errors.ts";
import type { AnyRow } from "./edit-model.ts";
import { CURSOR_UNKNOWN, FILTER_INVALID } from "./errors.ts";
import { filtered, oneOf, type Filter } from "./filter.ts";
import { ruleOf, type Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { cursorAfter, decodeCursor } from "./page.ts";
import { compareNames, compareValues, rowsBy, valueAt } from "./rows-by.ts";

/** What somebody asks of a list. */
export interface ListRequest {
  readonly filter: Filter;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** A member; `-member`: the other way round. Default: `name`. */
  readonly sort?: string | undefined;
  /** Members that are shown. Default: all. */
  readonly fields?: readonly string[] | undefined;
  /** Names of the things to choose from, found by a search. */
  readonly among?: ReadonlySet<string> | undefined;
  /** What else has to hold. Asked of what the filter leaves, until the page is full. */
  readonly also?: ((row: AnyRow) => boolean) | undefined;
}

export interface Page {
  readonly items: readonly AnyRow[];
  readonly next: string | null;
}

/** What rows have beside what is written of them, and is of interest to others. */
const MANAGED = ["id", "managedBy", "wanted", "version", "createdAt", "updatedAt"];
const BUILT = ["state", "stale", "rebuild", "jobId", "failure"];

/** Members of a kind that are shown. */
export function shownMembers(kind: Kind): readonly string[] {
  const { schema, built } = ruleOf(kind);
  return [...Object.keys(schema.shape), ...MANAGED, ...(built ? BUILT : [])];
}

/**
 * One page of a list. Walks from where the page begins; of the rows before it none is looked at.
 *
 * Errors: `filter_invalid`, `cursor_unknown`.
 */
export function pageOfKind(
  snapshot: Snapshot,
  kind: Kind,
  rows: ReadonlyMap<string, AnyRow>,
  request: ListRequest,
): Page {
  const { sort = "name", limit } = request;
  const descending = sort.startsWith("-");
  const member = oneOf("member to sort by", descending ? sort.slice(1) : sort, shownMembers(kind));
  const { rows: narrowed, passes, whole } = filtered(snapshot, kind, rows, request.filter);
  const chosen = request.among === undefined || !whole ? narrowed : amongRows(rows, request.among);
  const ordered = inOrder(rows, chosen, member, whole && request.among === undefined);
  const step = descending ? -1 : 1;
  const items: AnyRow[] = [];
  for (let at = startOf(ordered, member, descending, request.cursor); ; at += step) {
    const row = ordered[at];
    if (row === undefined) return { items, next: null };
    if (!passes(row) || request.among?.has(row.name) === false || request.also?.(row) === false) continue;
    if (items.length === limit) return { items, next: cursorOf(items.at(-1) as AnyRow, member) };
    items.push(row);
  }
}

function amongRows(rows: ReadonlyMap<string, AnyRow>, names: ReadonlySet<string>): readonly AnyRow[] {
  const found: AnyRow[] = [];
  for (const name of names) {
    const row = rows.get(name);
    if (row !== undefined) found.push(row);
  }
  return found.sort(compareNames);
}

function inOrder(
  rows: ReadonlyMap<string, AnyRow>,
  chosen: readonly AnyRow[],
  member: string,
  whole: boolean,
): readonly AnyRow[] {
  if (member === "name") return chosen;
  const sample = chosen[0] === undefined ? null : valueAt(chosen[0], member);
  if (typeof sample === "object" && sample !== null)
    throw new GantryError(FILTER_INVALID, `a list cannot be sorted by '${member}', which is not a text or a number`);
  if (whole) return rowsBy(rows).sortedBy(member);
  return [...chosen].sort((a, b) => compareValues(valueAt(a, member), valueAt(b, member)));
}

/** A cursor names the last row of a page: its value, when another member than the name orders, and its name. */
function cursorOf(row: AnyRow, member: string): string {
  return cursorAfter(member === "name" ? row.name : JSON.stringify([valueAt(row, member) ?? null, row.name]));
}

function startOf(ordered: readonly AnyRow[], member: string, descending: boolean, cursor: string | undefined): number {
  if (cursor === undefined) return descending ? ordered.length - 1 : 0;
  const [value, name] = placeOf(cursor, member);
  let [low, high] = [0, ordered.length];
  // The first row that comes after the place (before it, when descending the one after is where we stop).
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = ordered[middle] as AnyRow;
    const order = (member === "name" ? 0 : compareValues(valueAt(row, member), value)) || compareNames(row, { name });
    if (descending ? order < 0 : order <= 0) low = middle + 1;
    else high = middle;
  }
  return descending ? low - 1 : low;
}

function placeOf(cursor: string, member: string): readonly [unknown, string] {
  const text = decodeCursor(cursor);
  if (member === "name") return [undefined, text];
  try {
    const place = JSON.parse(text) as unknown;
    if (Array.isArray(place) && place.length === 2 && typeof place[1] === "string") return [place[0], place[1]];
  } catch {
    // Told below.
  }
  throw new GantryError(CURSOR_UNKNOWN, "the cursor is of a list in another order");
}

/** A row as it is shown: all members, or those that were asked for. Errors: `filter_invalid`. */
export function shownAs(
  kind: Kind,
  fields: readonly string[] | undefined,
): (row: AnyRow) => Readonly<Record<string, unknown>> {
  const all = shownMembers(kind);
  const members = fields?.map((field) => oneOf("member", field, all)) ?? all;
  return (row) => {
    const shown: Record<string, unknown> = {};
    for (const member of members) shown[member] = valueAt(row, member);
    return shown;
  };
}
