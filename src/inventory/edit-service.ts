import { type Principal, recordActor, requireEverywhere } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventDraft, EventStream } from "../platform/events/index.ts";
import { holdInventory } from "./allocation-store.ts";
import { errorsByCode, planEdits } from "./edit.ts";
import { refusal, type AnyRow, type Edit, type EditKnowledge, type EditPlan, type EditResult } from "./edit-model.ts";
import { ownedRule, type Kind } from "./kinds.ts";
import type { Group, Snapshot } from "./model.ts";
import { sitesOf } from "./place.ts";
import { knownTo, requireIncluded, requireJoined, requireVisible, requireWritable, snapshotAfter } from "./sight.ts";
import type { InventoryStore } from "./store.ts";

export interface EditOptions {
  /** Who manages what is created: `import:NAME`. Default: `person`. */
  readonly managedBy?: string;
  /** Whether what depends on something that is deleted goes with it. Default: no. */
  readonly cascade?: boolean;
  /** Whether the edits are only planned and answered, and nothing is done. Default: no. */
  readonly preview?: boolean;
  /** That this was approved as a change set: rules that ask for one are kept by it. */
  readonly approved?: boolean;
}

/** What a request is answered with: kept with its key, and sent again when it comes again. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
}

export interface EditServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** What is known of scripts and drivers. Left out: they are not looked at. */
  readonly knowledge?: EditKnowledge;
  /** Refuses what may not be written as it comes. Left out: everything may. */
  readonly directWrites?: DirectWrites;
}

/**
 * Refuses writes that need an approval first.
 *
 * `chains`: for each place that is touched, the names of its sites, root first. Errors: its own.
 */
export type DirectWrites = (
  tx: Transaction,
  principal: Principal,
  snapshot: Snapshot,
  chains: readonly (readonly string[])[],
) => Promise<void>;

/** More edits at once are told by one event that counts them. */
const MOST_EVENTS = 1000;

/** Makes edits within the caller's transaction: all of them, or none. Errors: those of `InventoryService.edit`. */
export async function makeEdits(
  parts: EditServiceParts,
  tx: Transaction,
  principal: Principal,
  edits: readonly Edit[],
  options: EditOptions = {},
): Promise<Pick<EditPlan, "results" | "row">> {
  const { inventory: store, clock, random } = parts;
  const { tenantId } = principal;
  recordActor(tx, principal);
  // What is read from here on is still so when it is written: every writer passes the tenant's row.
  await holdInventory(tx, tenantId);
  const snapshot = await store.snapshot(tenantId, tx);
  const approved = options.approved === true;
  if (!approved) requireVisible(principal, snapshot, edits);
  const plan = planEdits(snapshot, edits, {
    now: clock.now(),
    random,
    managedBy: options.managedBy ?? "person",
    cascade: options.cascade ?? false,
    knows: approved ? undefined : knownTo(principal, snapshot),
    knowledge: parts.knowledge,
  });
  if (plan.problems.length > 0) throw refusal(plan.problems, errorsByCode());
  // By its name a tenant is known to all others.
  if (plan.tenant !== null && plan.tenant.name !== snapshot.tenant.name) requireEverywhere(principal, "tenant.manage");
  const permission = approved ? "change.apply" : "inventory.write";
  requireIncluded(principal, permission, snapshot, writtenGroups(plan));
  // Approved is approved: who applies need not hold the right to change each thing.
  if (!approved) requireWritable(principal, snapshot, plan, edits);
  requireJoined(principal, permission, snapshot, writtenPlaced(plan));
  if (!approved) await parts.directWrites?.(tx, principal, snapshot, touchedChains(snapshot, plan));
  if (options.preview === true) return { results: plan.results, row: plan.row };
  const removals = plan.removals.map(({ kind, ...row }) => ({ table: ownedRule(kind).table, ...row }));
  await store.removeRows(tx, tenantId, removals);
  if (hasRows(plan)) await store.write(tx, tenantId, plan.writes);
  if (plan.tenant !== null) await store.writeTenant(tx, plan.tenant);
  const results = await settled(store, tx, tenantId, plan.results);
  const changes = results.filter(({ action }) => action !== "unchanged");
  if (changes.length === 0) return { results, row: plan.row };
  await parts.events.append(tx, eventsOf(principal, changes, edits.length, options.managedBy));
  afterCommit(tx, `foreman ${tenantId}`, () => parts.bus.publish("foreman", tenantId));
  return { results, row: plan.row };
}

/** What is written of the kinds that get something from where they come to be, or that use what others have. */
function writtenPlaced({
  writes: { insert, update },
}: EditPlan): readonly { readonly kind: Kind; readonly row: object }[] {
  return (["structure", "foundation", "site", "group", "complex", "dependency"] as const).flatMap((kind) => {
    const { rows } = ownedRule(kind);
    return [...(insert[rows] ?? []), ...(update[rows] ?? [])].map((row) => ({ kind, row }));
  });
}

function writtenGroups({ writes: { insert, update } }: EditPlan): readonly Group[] {
  return [...(insert.groups ?? []), ...(update.groups ?? [])];
}

/** Removes what nothing needs any more, and says of what was to leave whether it is gone. */
async function settled(
  store: InventoryStore,
  tx: Transaction,
  tenantId: Id,
  results: readonly EditResult[],
): Promise<readonly EditResult[]> {
  if (!results.some(({ action }) => action === "removed" || action === "leaving")) return results;
  if ((await store.removeUnused(tx, tenantId)) === 0) return results;
  const left = await store.snapshot(tenantId, tx);
  return results.map((result) => {
    if (result.action !== "leaving" || result.kind === "tenant") return result;
    const rows: ReadonlyMap<string, AnyRow> = left[ownedRule(result.kind).rows];
    return rows.get(result.name)?.id === result.id ? result : { ...result, action: "removed" };
  });
}

/** Where the plan changes something: as it was, and as it will be. */
function touchedChains(snapshot: Snapshot, plan: EditPlan): readonly (readonly string[])[] {
  const chains = new Map<string, readonly string[]>();
  const after = snapshotAfter(snapshot, plan);
  for (const { kind, name, action } of plan.results) {
    if (action === "unchanged") continue;
    const before = kind === "tenant" ? snapshot.tenant : snapshot[ownedRule(kind).rows].get(name);
    const row = plan.row(kind, name);
    for (const chain of [before && sitesOf(snapshot, kind, before), row && sitesOf(after, kind, row)])
      if (chain !== undefined) chains.set(chain.join("\n"), chain);
  }
  return [...chains.values()];
}

function hasRows({ writes }: EditPlan): boolean {
  return [writes.insert, writes.update].some((rows) => Object.values(rows).some((list) => list.length > 0));
}

const TYPES: Readonly<Record<EditResult["action"], string>> = {
  created: "inventory.created",
  changed: "inventory.changed",
  removed: "inventory.removed",
  leaving: "inventory.removed",
  unchanged: "inventory.changed",
};

function eventsOf(
  { tenantId, name: by }: Principal,
  changes: readonly EditResult[],
  edits: number,
  managedBy: string | undefined,
): readonly EventDraft[] {
  if (edits > MOST_EVENTS) {
    const data = { name: managedBy ?? "person", by, counts: countsOf(changes) };
    return [{ tenantId, type: "inventory.imported", subject: { kind: "tenant", id: tenantId }, data }];
  }
  return changes.map(({ kind, id, name, action, fields }) => ({
    tenantId,
    type: TYPES[action],
    subject: { kind, id: id satisfies Id },
    data: { name, kind, by, fields: [...fields] },
  }));
}

/** `{ structure: { created: 3 } }` */
function countsOf(changes: readonly EditResult[]): Json {
  const counts: Record<string, Record<string, number>> = {};
  for (const { kind, action } of changes) {
    const ofKind = (counts[kind] ??= {});
    ofKind[action] = (ofKind[action] ?? 0) + 1;
  }
  return counts;
}
