import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { sameJson } from "./bounds.ts";
import type { AnyRow } from "./edit-model.ts";
import { FILTER_INVALID } from "./errors.ts";
import { filtered } from "./filter.ts";
import { ruleOf, type OwnedKind } from "./kinds.ts";
import { pageOfKind, type ListRequest, type Page } from "./list.ts";
import type { Snapshot } from "./model.ts";
import { cursorAfter, decodeCursor } from "./page.ts";
import type { InventoryStore } from "./store.ts";
import { parseVariableQuery, valueAtPath, type VariableQuery } from "./variable-path.ts";
import { createResolver, type ResolverOptions } from "./variables.ts";

export interface SearchParts {
  readonly store: InventoryStore;
  readonly options: ResolverOptions;
  readonly tenantId: Id;
  readonly snapshot: Snapshot;
}

/**
 * A page of what has all these values among its resolved variables (`PATH:JSON`). Structures by name are found by the index of
 * definitions, and a page may then be shorter than its limit though more come; in another order, and foundations, are resolved one by one.
 *
 * Errors: `filter_invalid`, `variable_path_invalid`, `cursor_unknown`.
 */
export async function pageByVariables(
  parts: SearchParts,
  kind: OwnedKind,
  request: ListRequest,
  texts: readonly string[],
): Promise<Page> {
  if (kind !== "structure" && kind !== "foundation")
    throw new GantryError(FILTER_INVALID, `a list of ${ruleOf(kind).plural} has no filter 'vars'`);
  const queries = texts.map(parseVariableQuery);
  const { store, snapshot, tenantId, options } = parts;
  const also = holds(snapshot, kind, queries, options);
  const [first] = queries;
  if (kind === "foundation" || first === undefined || (request.sort ?? "name") !== "name")
    return pageOfKind(snapshot, kind, { ...request, also });
  const { passes } = filtered(snapshot, kind, request.filter);
  const accept = (name: string): boolean => {
    const row = snapshot.structures.get(name);
    return row !== undefined && passes(row) && (queries.length === 1 || also(row));
  };
  const after = request.cursor === undefined ? null : decodeCursor(request.cursor);
  const page = { after, limit: request.limit, accept };
  const { names, next } = await store.search(tenantId, snapshot, first, page, options);
  const items = names.map((name) => snapshot.structures.get(name)).filter((row) => row !== undefined);
  return { items, next: next === null ? null : cursorAfter(next) };
}

/** What does not resolve has no values. */
function holds(
  snapshot: Snapshot,
  kind: "structure" | "foundation",
  queries: readonly VariableQuery[],
  options: ResolverOptions,
): (row: AnyRow) => boolean {
  const resolver = createResolver(snapshot, options);
  return (row) => {
    try {
      const { values } = resolver[kind](row.name);
      return queries.every(({ path: [variable, ...rest], value }) =>
        sameJson(valueAtPath(values[variable], rest), value),
      );
    } catch (error) {
      if (error instanceof GantryError) return false;
      throw error;
    }
  };
}
