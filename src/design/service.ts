import { createAudit, recordActor, type Principal } from "../access/index.ts";
import {
  hashOf,
  ownedRule,
  sitesOf,
  type DirectWrites,
  type InventoryRows,
  type InventoryStore,
  type Snapshot,
  type World,
} from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, type Problem } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { openedSecrets } from "../platform/redaction/index.ts";
import { forgotten, tenantOf, writesOf } from "./apply.ts";
import { observationTargets } from "./drift.ts";
import { DESIGN_NOT_FOUND, PLAN_OUTDATED } from "./errors.ts";
import { eventsOf } from "./events.ts";
import { designOf, emptyDesign, ingest, type IngestOptions } from "./ingest.ts";
import type { Design, Observation, Observer, Plan } from "./model.ts";
import { makePlan, ownerOf, type Planned } from "./plan.ts";
import type { Bundle } from "./schema.ts";
import type { DesignRecord, DesignStore } from "./store.ts";
import { changesAnything, destroysAnything, planText } from "./text.ts";
import { zoneWarnings } from "./zones.ts";

/** A plan as it is shown and confirmed. */
export interface PlanAnswer extends Plan {
  readonly text: string;
  /** Applying it would do nothing. */
  readonly empty: boolean;
  /** Applying it would take something down that is there. */
  readonly destroys: boolean;
  readonly warnings: readonly Problem[];
  /** For each place it touches, the names of its sites, root first. */
  readonly chains: readonly (readonly string[])[];
}

/** How a plan is applied. */
export interface ApplyOptions {
  /** That it was approved as a change set; done in the same transaction. */
  readonly approved?: (tx: Transaction) => Promise<void>;
}

export interface DesignService {
  /** Errors: `design_invalid` with every problem, `address_block_full`, `address_taken`. */
  plan(principal: Principal, bundle: Bundle): Promise<PlanAnswer>;
  /** Writes what the plan says, in one transaction; the foreman does the rest. Errors: as `plan`, and `plan_outdated`. */
  apply(principal: Principal, bundle: Bundle, fingerprint: string, options?: ApplyOptions): Promise<PlanAnswer>;
  /** The plan that takes a design down. Errors: `design_not_found`. */
  planDestroy(principal: Principal, name: string): Promise<PlanAnswer>;
  /** Errors: `design_not_found`, `plan_outdated`. */
  destroy(principal: Principal, name: string, fingerprint: string, options?: ApplyOptions): Promise<PlanAnswer>;
  list(principal: Principal, after: string, limit: number): Promise<readonly DesignRecord[]>;
  /** Errors: `design_not_found`. */
  get(principal: Principal, name: string): Promise<DesignRecord>;
  /** The documents a design was last applied with. Errors: `design_not_found`. */
  documents(principal: Principal, name: string): Promise<Bundle>;
}

export interface DesignServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly store: DesignStore;
  readonly observer: Observer;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** What scripts may call and which drivers there are, now. */
  known(tenantId: Id): Pick<IngestOptions, "catalogue" | "foundationTypes" | "attributeProblems">;
  /** The classes of a foundation's type. */
  /** Refuses what may not be applied as it comes. Left out: everything may. */
  readonly directWrites?: DirectWrites;
}

const NO_DOCUMENTS: Bundle = { documents: [], files: {} };

interface ReadBundle {
  readonly design: Design;
  readonly warnings: readonly Problem[];
}

/** Characters of a bundle that is worth keeping between its plan and its apply, and for how long a person may think about the plan. */
const LARGE_BUNDLE = 64 * 1024;
const KEEP_MILLISECONDS = 60_000;

export function createDesignService(parts: DesignServiceParts): DesignService {
  const { database, inventory, store, clock, random } = parts;
  const audit = createAudit(parts);

  /** Of a large bundle: what is planned is applied soon after, and reading it takes seconds in which nobody else is served. */
  let last: { readonly hash: string; readonly tenantId: Id; readonly read: ReadBundle } | undefined;
  let cancelForgetting = (): void => {};

  async function read({ tenantId }: Principal, bundle: Bundle): Promise<ReadBundle> {
    const size = [...bundle.documents.map(({ text }) => text), ...Object.values(bundle.files)].reduce(
      (sum, text) => sum + text.length,
      0,
    );
    const { blueprints } = await inventory.snapshot(tenantId);
    const versions = [...blueprints.values()].map(({ id, version }) => `${id}:${version}`);
    const hash = size < LARGE_BUNDLE ? undefined : hashOf([bundle as unknown as Json, versions]);
    if (hash !== undefined && last?.hash === hash && last.tenantId === tenantId) return last.read;
    const ingested = ingest(bundle, {
      ...parts.known(tenantId),
      blueprintsBeside: (design) =>
        new Map(
          [...blueprints].filter(
            ([, { managedBy, wanted }]) =>
              wanted === "built" && (design === undefined || managedBy !== ownerOf(design)),
          ),
        ),
    });
    const found = { design: designOf(ingested), warnings: ingested.warnings };
    if (hash !== undefined) {
      forget();
      last = { hash, tenantId, read: found };
      cancelForgetting = clock.after(KEEP_MILLISECONDS, forget);
    }
    return found;
  }

  function forget(): void {
    cancelForgetting();
    last = undefined;
  }

  async function look(
    principal: Principal,
    design: Design,
  ): Promise<{ snapshot: Snapshot; observations: readonly Observation[] }> {
    const snapshot = await inventory.snapshot(principal.tenantId);
    const targets = observationTargets(snapshot, ownerOf(design.name));
    return {
      snapshot,
      observations: targets.length === 0 ? [] : await parts.observer.observe(principal.tenantId, targets),
    };
  }

  async function plan(principal: Principal, design: Design, warnings: readonly Problem[]): Promise<PlanAnswer> {
    const { snapshot, observations } = await look(principal, design);
    const planned = makePlan(design, snapshot, observations);
    return answerOf(planned, snapshot, [...warnings, ...zoneWarnings(design, planned.world)]);
  }

  async function apply(
    principal: Principal,
    design: Design,
    fingerprint: string,
    bundle: Bundle | null,
    warnings: readonly Problem[],
    { approved }: ApplyOptions = {},
  ): Promise<PlanAnswer> {
    // Looking may take long and is done before; inside the transaction only the inventory is looked at again.
    const { observations } = await look(principal, design);
    return database.transaction(async (tx) => {
      recordActor(tx, principal);
      const snapshot = await inventory.snapshot(principal.tenantId, tx);
      const planned = makePlan(design, snapshot, observations);
      if (planned.plan.fingerprint !== fingerprint) {
        throw new GantryError(PLAN_OUTDATED, `the plan for design '${design.name}' is not the one that was shown`);
      }
      if (approved !== undefined) await approved(tx);
      else await parts.directWrites?.(tx, principal, snapshot, chainsOf(planned, snapshot));
      const context = { random, now: clock.now() };
      const writes = writesOf(planned, snapshot, context);
      await inventory.write(tx, principal.tenantId, writes);
      const tenant = tenantOf(planned, snapshot, context);
      if (tenant !== undefined) await inventory.writeTenant(tx, tenant);
      await inventory.removeRows(tx, principal.tenantId, forgotten(writes));
      const wanted = bundle === null ? "absent" : "built";
      const record = await store.save(tx, principal.tenantId, design.name, {
        by: principal.name,
        wanted,
        bundle: bundle ?? NO_DOCUMENTS,
      });
      await inventory.removeUnused(tx, principal.tenantId);
      await audit.append(tx, [
        {
          chain: principal.tenantId,
          action: bundle === null ? "design.destroyed" : "design.applied",
          subject: { kind: "design", id: record.id, name: record.name },
          data: { version: record.version },
        },
      ]);
      await parts.events.append(tx, eventsOf(principal, record, planned.plan, writes));
      wakeForeman(tx, principal.tenantId);
      return answerOf(planned, snapshot, warnings);
    });
  }

  function wakeForeman(tx: Transaction, tenantId: Id): void {
    afterCommit(tx, `foreman ${tenantId}`, () => parts.bus.publish("foreman", tenantId));
  }

  async function find(principal: Principal, name: string): Promise<DesignRecord> {
    const record = await store.get(database.kysely, principal.tenantId, name);
    if (record !== undefined) return record;
    const known = await store.list(database.kysely, principal.tenantId, "", 1000);
    const near = nearest(
      name,
      known.map((one) => one.name),
    );
    throw new GantryError(
      DESIGN_NOT_FOUND,
      `there is no design '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
    );
  }

  return {
    async plan(principal, bundle) {
      const { design, warnings } = await read(principal, bundle);
      return plan(principal, design, warnings);
    },
    async apply(principal, bundle, fingerprint, options) {
      const { design, warnings } = await read(principal, bundle);
      const answer = await apply(principal, design, fingerprint, bundle, warnings, options);
      forget();
      return answer;
    },
    async planDestroy(principal, name) {
      await find(principal, name);
      return plan(principal, emptyDesign(name), []);
    },
    async destroy(principal, name, fingerprint, options) {
      await find(principal, name);
      return apply(principal, emptyDesign(name), fingerprint, null, [], options);
    },
    list: (principal, after, limit) => store.list(database.kysely, principal.tenantId, after, limit),
    get: find,
    async documents(principal, name) {
      const record = await find(principal, name);
      return store.bundle(database.kysely, record.id);
    },
  };
}

function answerOf(planned: Planned, snapshot: Snapshot, warnings: readonly Problem[]): PlanAnswer {
  const { plan } = planned;
  const chains = chainsOf(planned, snapshot);
  return {
    ...plan,
    text: openedSecrets.text(planText(plan)),
    empty: !changesAnything(plan),
    destroys: destroysAnything(plan),
    warnings,
    chains,
  };
}

/** Where a plan changes something: as it was, and as it will be. */
function chainsOf({ plan, world }: Planned, snapshot: Snapshot): readonly (readonly string[])[] {
  const chains = new Map<string, readonly string[]>();
  for (const { kind, target, name } of plan.actions) {
    if (kind === "conflict") continue;
    for (const one of [snapshot, world]) {
      const row =
        target === "tenant" || target === "field_schema"
          ? undefined
          : one[ownedRule(target).rows as RowsOfWorld].get(name);
      const chain = row === undefined ? [] : sitesOf(one, target, row);
      if (row !== undefined || target === "tenant" || target === "field_schema") chains.set(chain.join("\n"), chain);
    }
  }
  return [...chains.values()];
}

type RowsOfWorld = Exclude<keyof World & keyof InventoryRows, "tenant">;
