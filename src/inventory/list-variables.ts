import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { sameJson } from "./bounds.ts";
import type { AnyRow } from "./edit-model.ts";
import { FILTER_INVALID } from "./errors.ts";
import { filtered } from "./filter.ts";
import { ownedRule, ruleOf, type OwnedKind } from "./kinds.ts";
import { pageOfKind, type ListRequest, type Page } from "./list.ts";
import type { Snapshot } from "./model.ts";
import { cursorAfter, decodeCursor } from "./page.ts";
import { placeVariables } from "./place-variables.ts";
import type { SearchedKind } from "./search.ts";
import type { InventoryStore } from "./store.ts";
import { parseVariableQuery, valueAtPath, type VariableQuery } from "./variable-path.ts";
import { createResolver } from "./variables.ts";

export interface SearchParts {
  readonly store: InventoryStore;
  readonly tenantId: Id;
  readonly snapshot: Snapshot;
}

type KindWithVariables = SearchedKind | "site" | "group";

/**
 * A page of what has all these values among its resolved variables (`PATH:JSON`). Structures and foundations by name are found by the index of
 * definitions; in another order, as they were, and sites and groups, which are few, each is resolved.
 *
 * Errors: `filter_invalid`, `variable_path_invalid`, `cursor_unknown`.
 */
export async function pageByVariables(
  parts: SearchParts,
  kind: OwnedKind,
  request: ListRequest,
  texts: readonly string[],
): Promise<Page> {
  if (!hasVariables(kind))
    throw new GantryError(FILTER_INVALID, `a list of ${ruleOf(kind).plural} has no filter 'vars'`);
  const queries = texts.map(parseVariableQuery);
  const { store, snapshot, tenantId } = parts;
  const has = holds(snapshot, kind, queries);
  const seen = (row: AnyRow): boolean => request.also?.(row) !== false;
  const also = (row: AnyRow): boolean => seen(row) && has(row);
  const [first] = queries;
  const byIndex =
    kind !== "site" && kind !== "group" && (request.sort ?? "name") === "name" && request.at === undefined;
  if (!byIndex || first === undefined) return pageOfKind(snapshot, kind, { ...request, also });
  const rows: ReadonlyMap<string, AnyRow> = snapshot[ownedRule(kind).rows];
  const { passes } = filtered(snapshot, kind, request.filter);
  const accept = (name: string): boolean => {
    const row = rows.get(name);
    return row !== undefined && passes(row) && (queries.length === 1 ? seen(row) : also(row));
  };
  const after = request.cursor === undefined ? null : decodeCursor(request.cursor);
  const page = { after, limit: request.limit, accept };
  const { names, next } = await store.search(tenantId, snapshot, kind, first, page);
  const items = names.map((name) => rows.get(name)).filter((row) => row !== undefined);
  return { items, next: next === null ? null : cursorAfter(next) };
}

function hasVariables(kind: OwnedKind): kind is KindWithVariables {
  return kind === "structure" || kind === "foundation" || kind === "site" || kind === "group";
}

/** What does not resolve has no values. */
function holds(
  snapshot: Snapshot,
  kind: KindWithVariables,
  queries: readonly VariableQuery[],
): (row: AnyRow) => boolean {
  const resolver = createResolver(snapshot);
  return (row) => {
    try {
      const { values } =
        kind === "site" || kind === "group" ? placeVariables(snapshot, kind, row.name) : resolver[kind](row.name);
      return queries.every(({ path: [variable, ...rest], value }) =>
        sameJson(valueAtPath(values[variable], rest), value),
      );
    } catch (error) {
      if (error instanceof GantryError) return false;
      throw error;
    }
  };
}
