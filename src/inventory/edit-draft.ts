import { OWNED_RULES, ownedRule, type OwnedKind } from "./kinds.ts";
import type { AnyRow } from "./edit-model.ts";
import type { Snapshot, Tenant } from "./model.ts";

/** What an edit did to one thing, so far. */
export interface Touched<Row extends AnyRow = AnyRow> {
  /** Undefined: it was not there. */
  readonly before: Row | undefined;
  /** Undefined: it is gone. */
  readonly after: Row | undefined;
  /** What was there last, also when it is gone. */
  readonly last: AnyRow | undefined;
  /** The edit that touched it last. */
  readonly index: number;
}

/** A snapshot with edits over it. Costs what the edits touch, not what the inventory holds. */
export interface Draft {
  readonly snapshot: Snapshot;
  readonly tenant: Tenant;
  setTenant(tenant: Tenant): void;
  get(kind: OwnedKind, name: string): AnyRow | undefined;
  put(kind: OwnedKind, row: AnyRow, index: number): void;
  remove(kind: OwnedKind, name: string, index: number): void;
  touched(kind: OwnedKind): ReadonlyMap<string, Touched>;
  /** Every row of a kind as it will be. */
  rows(kind: OwnedKind): Iterable<AnyRow>;
  /** Names of a kind as they will be. */
  names(kind: OwnedKind): Iterable<string>;
  /** The whole as it will be. Kinds that were not touched are the snapshot's own. */
  world(): Snapshot;
}

export function createDraft(snapshot: Snapshot): Draft {
  const touched = new Map<OwnedKind, Map<string, Touched>>(OWNED_RULES.map(({ kind }) => [kind, new Map()]));
  const of = (kind: OwnedKind): Map<string, Touched> => touched.get(kind) as Map<string, Touched>;
  const stored = (kind: OwnedKind): ReadonlyMap<string, AnyRow> => snapshot[ownedRule(kind).rows];
  let tenant = snapshot.tenant;

  function set(kind: OwnedKind, name: string, after: AnyRow | undefined, index: number): void {
    const before = stored(kind).get(name);
    // However many edits touch a row, it is written once: its version is one more than that of what is stored.
    const version = before === undefined ? after?.version : before.version + 1;
    const row = after === undefined || after.version === version ? after : { ...after, version: version ?? 1 };
    of(kind).set(name, { before, after: row, last: row ?? of(kind).get(name)?.after ?? before, index });
  }

  function* rows(kind: OwnedKind): Generator<AnyRow> {
    const changes = of(kind);
    for (const [name, row] of stored(kind)) if (!changes.has(name)) yield row;
    for (const { after } of changes.values()) if (after !== undefined) yield after;
  }

  return {
    snapshot,
    get tenant() {
      return tenant;
    },
    setTenant(changed) {
      tenant = changed;
    },
    get(kind, name) {
      const change = of(kind).get(name);
      return change === undefined ? stored(kind).get(name) : change.after;
    },
    put: (kind, row, index) => set(kind, row.name, row, index),
    remove: (kind, name, index) => set(kind, name, undefined, index),
    touched: of,
    rows: (kind) => (of(kind).size === 0 ? stored(kind).values() : rows(kind)),
    *names(kind) {
      for (const { name } of rows(kind)) yield name;
    },
    world() {
      const changed = OWNED_RULES.filter(({ kind }) => of(kind).size > 0).map(({ kind, rows: member }) => {
        const all = new Map<string, AnyRow>(snapshot[member]);
        for (const [name, { after }] of of(kind)) {
          if (after === undefined) all.delete(name);
          else all.set(name, after);
        }
        return [member, all] as const;
      });
      return { ...snapshot, tenant, ...(Object.fromEntries(changed) as Partial<Snapshot>) };
    },
  };
}
