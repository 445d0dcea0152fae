import { GantryError } from "../kernel/errors.ts";
import type { MissingBackend } from "./backend.ts";
import type { AnyRow } from "./edit-model.ts";
import { CURSOR_UNKNOWN } from "../platform/requests/index.ts";
import { FILTER_INVALID } from "./errors.ts";
import { filtered, oneOf, type Filter } from "./filter.ts";
import { indexesOf } from "./indexes.ts";
import { ownedRule, ruleOf, shownKept, type Kind, type OwnedKind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { cursorAfter, decodeCursor } from "./page.ts";
import { compareNames, compareValues, orderedBy, valueAt } from "./orders.ts";

/** What somebody asks of a list. */
export interface ListRequest {
  readonly filter: Filter;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** A member; `-member`: the other way round. Default: `name`. */
  readonly sort?: string | undefined;
  /** Members that are shown. Default: all. */
  readonly fields?: readonly string[] | undefined;
  /** As it was at this time, epoch milliseconds. Default: as it is. */
  readonly at?: number | undefined;
  /** What else has to hold. Asked of what the filter leaves, until the page is full. */
  readonly also?: ((row: AnyRow) => boolean) | undefined;
}

export interface Page {
  readonly items: readonly AnyRow[];
  readonly next: string | null;
  /** Backends whose rows are not in it, because they cannot be read. Left out: none. */
  readonly missing?: readonly MissingBackend[];
}

/** What a page says beside its items. */
export function pageEnd({ next, missing }: Page): Pick<Page, "next" | "missing"> {
  return missing === undefined ? { next } : { next, missing };
}

/** What rows have beside what is written of them, and is of interest to others. */
const MANAGED = ["id", "managedBy", "wanted", "version", "createdAt", "updatedAt"];

/** Members of a kind that are shown. */
export function shownMembers(kind: Kind): readonly string[] {
  return [...Object.keys(ruleOf(kind).schema.shape), ...MANAGED, ...shownKept(kind)];
}

/**
 * One page of a list. Walks from where the page begins; of the rows before it none is looked at.
 *
 * Errors: `filter_invalid`, `cursor_unknown`.
 */
export function pageOfKind(snapshot: Snapshot, kind: OwnedKind, request: ListRequest): Page {
  const { sort = "name", limit, also } = request;
  const descending = sort.startsWith("-");
  const member = oneOf("member to sort by", descending ? sort.slice(1) : sort, shownMembers(kind));
  const { names, passes } = filtered(snapshot, kind, request.filter);
  const walk = walkOf(snapshot, kind, names, member);
  const items: AnyRow[] = [];
  for (let at = startOf(walk, member, descending, request.cursor); ; at += descending ? -1 : 1) {
    const row = at < 0 ? undefined : walk.at(at);
    if (row === undefined) return { items, next: null };
    if (!passes(row) || also?.(row) === false) continue;
    if (items.length === limit) return { items, next: cursorOf(items.at(-1) as AnyRow, member) };
    items.push(row);
  }
}

/** Rows in the order of a list. */
interface Walk {
  readonly length: number;
  at(place: number): AnyRow | undefined;
}

const lists = new WeakMap<object, WeakMap<readonly string[], object>>();

/** What stands for a list of names among the rows of one snapshot. */
function listOf(rows: object, names: readonly string[]): object {
  const known = lists.get(rows) ?? new WeakMap<readonly string[], object>();
  lists.set(rows, known);
  const found = known.get(names) ?? {};
  known.set(names, found);
  return found;
}

function walkOf(snapshot: Snapshot, kind: OwnedKind, narrowed: readonly string[] | undefined, member: string): Walk {
  const { rows: rowsKind } = ownedRule(kind);
  const rows: ReadonlyMap<string, AnyRow> = snapshot[rowsKind];
  if (member === "name") {
    const names = narrowed ?? indexesOf(snapshot).names(rowsKind);
    return { length: names.length, at: (place) => rows.get(names[place] ?? "") };
  }
  const [sample] = rows.values();
  const value = sample === undefined ? null : valueAt(sample, member);
  if (typeof value === "object" && value !== null)
    throw new GantryError(FILTER_INVALID, `a list cannot be sorted by '${member}', which is not a text or a number`);
  // A row may change in another member than the index's, so a list of names is only as good as the map it was made with.
  const ordered =
    narrowed === undefined
      ? orderedBy(rows, () => rows.values(), member)
      : orderedBy(
          listOf(rows, narrowed),
          () => narrowed.map((name) => rows.get(name)).filter((row) => row !== undefined),
          member,
        );
  return { length: ordered.length, at: (place) => ordered[place] };
}

/** A cursor names the last row of a page: its value, when another member than the name orders, and its name. */
function cursorOf(row: AnyRow, member: string): string {
  return cursorAfter(member === "name" ? row.name : JSON.stringify([valueAt(row, member) ?? null, row.name]));
}

function startOf(walk: Walk, member: string, descending: boolean, cursor: string | undefined): number {
  if (cursor === undefined) return descending ? walk.length - 1 : 0;
  const [value, name] = placeOf(cursor, member);
  let [low, high] = [0, walk.length];
  // Ascending, the first row behind the place; descending, the first that is not before it, and then the one before that.
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = walk.at(middle) as AnyRow;
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
