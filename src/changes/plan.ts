import type { Place } from "../access/index.ts";
import {
  dataOf,
  ownedRule,
  placeOf,
  sitesOf,
  withChanges,
  type AnyRow,
  type Edit,
  type EditPlan,
  type Kind,
  type Snapshot,
} from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { keyOf, type Change } from "./model.ts";
import type { Touched } from "./rules.ts";

/** Between edits of the inventory, changes of a change set, and the truth as it is. Pure. */

/** The row of a thing; undefined when it is not there, or on its way out. */
function rowOf(snapshot: Snapshot, kind: Kind, name: string): AnyRow | undefined {
  if (kind === "tenant") return name === snapshot.tenant.name ? snapshot.tenant : undefined;
  const rows: ReadonlyMap<string, AnyRow> = snapshot[ownedRule(kind).rows];
  const row = rows.get(name);
  return row?.wanted === "absent" ? undefined : row;
}

/** What is written of a thing now; null when it is not there. */
export function truthOf(snapshot: Snapshot, { kind, name }: Pick<Change, "kind" | "name">): JsonObject | null {
  const row = rowOf(snapshot, kind, name);
  return row === undefined ? null : dataOf(kind, row);
}

/** What a plan of edits changes, thing by thing. */
export function changesOf(snapshot: Snapshot, plan: Pick<EditPlan, "results" | "row">): readonly Change[] {
  const changes = new Map<string, Change>();
  for (const { kind, name, action } of plan.results) {
    if (action === "unchanged") continue;
    const gone = action === "removed" || action === "leaving";
    const row = gone ? undefined : plan.row(kind, name);
    const before = truthOf(snapshot, { kind, name });
    const after = row === undefined ? null : dataOf(kind, row);
    if (before === null && after === null) continue;
    changes.set(keyOf({ kind, name }), { kind, name, before, after });
  }
  return [...changes.values()];
}

/** The edits that make changes: what goes goes last. */
export function editsOf(changes: readonly Change[]): readonly Edit[] {
  const made: Edit[] = [];
  const gone: Edit[] = [];
  for (const { kind, name, before, after } of changes) {
    if (after === null) gone.push({ action: "delete", kind, name, version: null });
    else if (before === null) made.push({ action: "create", kind, data: after });
    else made.push({ action: "replace", kind, name, version: null, data: after });
  }
  return [...made, ...gone];
}

/** The snapshot with the sites, groups, structures, foundations and complexes as changes want them, as far as places go by it. */
export function worldWith(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const wanted = <Row>(kind: Kind, rows: ReadonlyMap<string, Row>): ReadonlyMap<string, Row> => {
    const of = changes.filter((one) => one.kind === kind && one.after !== null);
    return withChanges(rows, new Map(of.map(({ name, after }) => [name, { ...rows.get(name), ...after } as Row])));
  };
  return {
    ...snapshot,
    sites: wanted("site", snapshot.sites),
    groups: wanted("group", snapshot.groups),
    structures: wanted("structure", snapshot.structures),
    foundations: wanted("foundation", snapshot.foundations),
    complexes: wanted("complex", snapshot.complexes),
  };
}

/** Where a change is, before and after (`worldWith`): who changes it needs the right at each. */
export function placesOf(snapshot: Snapshot, after: Snapshot, { kind, ...change }: Change): readonly Place[] {
  return [
    ...(change.before === null ? [] : [placeOf(snapshot, kind, change.before)]),
    ...(change.after === null ? [] : [placeOf(after, kind, change.after)]),
  ];
}

/** All places of changes. */
export function placesIn(snapshot: Snapshot, changes: readonly Change[]): readonly Place[] {
  const after = worldWith(snapshot, changes);
  return changes.flatMap((one) => placesOf(snapshot, after, one));
}

/** The sites that changes touch, for the rules. */
export function touchedOf(snapshot: Snapshot, changes: readonly Change[]): readonly Touched[] {
  const world = worldWith(snapshot, changes);
  return changes.map(({ kind, name, before, after }) => ({
    key: keyOf({ kind, name }),
    chains: [
      ...(before === null ? [] : [sitesOf(snapshot, kind, before)]),
      ...(after === null ? [] : [sitesOf(world, kind, after)]),
    ],
  }));
}
