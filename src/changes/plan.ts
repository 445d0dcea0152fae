import type { Place } from "../access/index.ts";
import {
  dataOf,
  ownedRule,
  placeOf,
  sitesOf,
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

/** Where a change is, before and after: who changes it needs the right at each. */
export function placesOf(snapshot: Snapshot, { kind, before, after }: Change): readonly Place[] {
  return [before, after].flatMap((data) => (data === null ? [] : [placeOf(snapshot, kind, data)]));
}

/** The sites that changes touch, for the rules. */
export function touchedOf(snapshot: Snapshot, changes: readonly Change[]): readonly Touched[] {
  return changes.map(({ kind, name, before, after }) => ({
    key: keyOf({ kind, name }),
    chains: [before, after].flatMap((data) => (data === null ? [] : [sitesOf(snapshot, kind, data)])),
  }));
}
