import { indexesOf } from "./indexes.ts";
import type { AnyRow } from "./edit-model.ts";
import { OWNED_RULES, ownedRule, type OwnedKind } from "./kinds.ts";
import type { InventoryRows, Snapshot } from "./model.ts";
import { withChanges } from "./overlay-map.ts";
import type { SearchedKind, SearchPage, SearchResult } from "./search.ts";
import { sameJson } from "./bounds.ts";
import { GantryError } from "../kernel/errors.ts";
import { valueAtPath, type VariableQuery } from "./variable-path.ts";
import { createResolver } from "./variables.ts";

/** Rows of other places, laid over those of the database. Pure. */

/** What a backend was last read to hold. Plain data. */
export interface ExternalRows {
  readonly backend: string;
  /** The site whose truth it is; with those below it. */
  readonly site: string;
  readonly rows: Partial<InventoryRows>;
}

/** A row that is left out, because its name is another's already. */
export interface ExternalConflict {
  readonly backend: string;
  readonly kind: OwnedKind;
  readonly name: string;
  /** Who has the name: `person`, `design:lab`, `backend:other`. */
  readonly managedBy: string;
}

export interface Merged {
  readonly snapshot: Snapshot;
  readonly conflicts: readonly ExternalConflict[];
}

/**
 * The database's rows and those of backends, in this order: who is first has the name. The site itself may be in both: it is then described
 * by the database, and no conflict.
 */
export function mergeExternal(snapshot: Snapshot, externals: readonly ExternalRows[]): Merged {
  const conflicts: ExternalConflict[] = [];
  const members: Record<string, ReadonlyMap<string, AnyRow>> = {};
  const refused = new Set<string>();
  for (const { kind, rows: member } of OWNED_RULES) {
    const there: ReadonlyMap<string, AnyRow> = snapshot[member];
    const added = new Map<string, AnyRow>();
    for (const { backend, site, rows } of externals) {
      for (const row of rows[member] ?? []) {
        const holder = there.get(row.name) ?? added.get(row.name);
        if (holder === undefined) {
          const owner = kind === "interface" ? (row as { readonly structure?: string | null }).structure : undefined;
          if (typeof owner !== "string" || !refused.has(`${backend} ${owner}`)) added.set(row.name, row);
        } else if (kind !== "site" || row.name !== site) {
          conflicts.push({ backend, kind, name: row.name, managedBy: holder.managedBy });
        }
      }
    }
    if (added.size > 0) members[member] = withChanges(there, added);
    // What belongs to a structure that is left out is left out with it: interfaces.
    if (kind === "structure")
      for (const one of conflicts) if (one.kind === "structure") refused.add(`${one.backend} ${one.name}`);
  }
  return { snapshot: { ...snapshot, ...members }, conflicts };
}

/** What the search of the database cannot know: what backends have whose resolved variables have the value. */
export function searchExternal(
  snapshot: Snapshot,
  externals: readonly ExternalRows[],
  kind: SearchedKind,
  query: VariableQuery,
  accept: SearchPage["accept"],
): readonly string[] {
  const resolver = createResolver(snapshot);
  const [variable, ...parts] = query.path;
  const found: string[] = [];
  for (const { rows } of externals) {
    for (const row of rows[ownedRule(kind).rows] ?? []) {
      // Compared by id: of two of one name only one is in the snapshot.
      if (snapshot[ownedRule(kind).rows].get(row.name)?.id !== row.id) continue;
      if (accept !== undefined && !accept(row.name)) continue;
      try {
        const values = kind === "structure" ? resolver.values(row.name) : resolver.foundation(row.name).values;
        if (sameJson(valueAtPath(values[variable], parts), query.value)) found.push(row.name);
      } catch (error) {
        // What does not resolve does not fit.
        if (!(error instanceof GantryError)) throw error;
      }
    }
  }
  return found;
}

/** One page of what the database found and what backends have. */
export function withExternal(
  { names, next }: SearchResult,
  others: readonly string[],
  { after, limit }: SearchPage,
): SearchResult {
  const reached = others.filter((name) => (after === null || name > after) && (next === null || name <= next));
  const all = [...new Set([...names, ...reached])].sort();
  if (all.length <= limit) return { names: all, next };
  const page = all.slice(0, limit);
  return { names: page, next: page.at(-1) ?? null };
}

/** The row of a kind by name or id. */
export function externalRow(snapshot: Snapshot, kind: OwnedKind, idOrName: string): AnyRow | undefined {
  const { rows } = ownedRule(kind);
  const map: ReadonlyMap<string, AnyRow> = snapshot[rows];
  return map.get(idOrName) ?? map.get(indexesOf(snapshot).byId(rows, idOrName) ?? "");
}
