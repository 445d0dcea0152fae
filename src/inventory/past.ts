import { invariant } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { AnyRow } from "./edit-model.ts";
import { carryIndexes, indexesOf, type RowChange } from "./indexes.ts";
import { OWNED_RULES, type Kind, type OwnedKind } from "./kinds.ts";
import type { RowsKind } from "./index-keys.ts";
import type { Snapshot, Tenant } from "./model.ts";
import { withChanges } from "./overlay-map.ts";

/** What was, worked out from what is: entries of the audit are undone from the last one on. Pure. */

/** What an entry says of a row of the inventory. */
export interface RowEntry {
  readonly action: string;
  readonly kind: Kind;
  readonly id: Id;
  /** Of a creation it is not asked. */
  readonly data: JsonObject;
}

/** Rows as they were behind the entries that were undone, where these tell of them. */
export interface Undone {
  readonly rows: Map<OwnedKind, Map<Id, AnyRow | null>>;
  tenant: Tenant;
  /** False: the tenant was not there yet. */
  exists: boolean;
}

export function nothingUndone({ tenant }: Snapshot): Undone {
  return { rows: new Map(), tenant, exists: true };
}

/** Undoes one entry; those after it were undone before. `snapshot`: what the walk began with. It may know less than the entries tell. */
export function undo(undone: Undone, snapshot: Snapshot, { action, kind, id, data }: RowEntry): void {
  const before = isJsonObject(data["before"]) ? data["before"] : {};
  if (kind === "tenant") {
    if (action === "inventory.created") undone.exists = false;
    else undone.tenant = { ...undone.tenant, ...before } as unknown as Tenant;
    return;
  }
  const rows = undone.rows.get(kind) ?? new Map<Id, AnyRow | null>();
  undone.rows.set(kind, rows);
  if (action === "inventory.created") rows.set(id, null);
  else if (action === "inventory.removed") rows.set(id, { id, ...before } as unknown as AnyRow);
  else {
    const later = rows.has(id) ? rows.get(id) : rowById(snapshot, kind, id);
    if (later !== null && later !== undefined) rows.set(id, { ...later, ...before });
  }
}

function rowById(snapshot: Snapshot, kind: OwnedKind, id: Id): AnyRow | undefined {
  const rule = RULES.get(kind);
  invariant(rule !== undefined, "the audit tells of kinds that there are");
  const name = indexesOf(snapshot).byId(rule.rows, id);
  return name === undefined ? undefined : (snapshot[rule.rows].get(name) as AnyRow | undefined);
}

const RULES = new Map(OWNED_RULES.map((rule) => [rule.kind, rule]));

/** The snapshot with what was undone. */
export function asItWas(snapshot: Snapshot, { rows, tenant }: Undone): Snapshot {
  const changes = new Map<RowsKind, ReadonlyMap<string, RowChange>>();
  const maps: Record<string, ReadonlyMap<string, AnyRow>> = {};
  for (const { kind, rows: member } of OWNED_RULES) {
    const differing = rows.get(kind);
    const now = snapshot[member] as ReadonlyMap<string, AnyRow>;
    if (differing === undefined) continue;
    const changed = new Map<string, AnyRow | undefined>();
    for (const id of differing.keys()) {
      const row = rowById(snapshot, kind, id);
      if (row !== undefined) changed.set(row.name, undefined);
    }
    for (const row of differing.values()) if (row !== null) changed.set(row.name, row);
    changes.set(member, new Map([...changed].map(([name, after]) => [name, { before: now.get(name), after }])));
    maps[member] = withChanges(now, changed);
  }
  const past = { ...snapshot, ...maps, tenant };
  carryIndexes(snapshot, past, changes);
  return past;
}
