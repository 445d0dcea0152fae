import type { Job, JobOutcome, Starter } from "../jobs/index.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { TargetKind } from "./model.ts";
import { createForeman, type Foreman, type ForemanParts } from "./service.ts";

/** A foreman for each tenant: one that has much to do holds up no other, and none sees what another does. */
export interface Foremen {
  /** Begins to look, in every tenant that there is and that comes. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Within the commit that ends a job: what it came to. */
  finished(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Within the commit of a retry. */
  reopened(tx: Transaction, job: Job): Promise<void>;
}

export interface ForemenParts extends Omit<ForemanParts, "tenantId" | "starterOf"> {
  /** The tenants there are. */
  tenants(): Promise<readonly Id[]>;
  /** Told on the bus, with a tenant's id, when something is written in it; the first is that it is there. */
  readonly written: string;
  starterOf?(tenantId: Id, target: TargetKind, row: { readonly id: Id; readonly name: string }): Promise<Starter>;
}

/** Milliseconds between looks for tenants without being told: on several servers a message may be lost. */
const LOOK_MILLISECONDS = 10_000;

export function createForemen(parts: ForemenParts): Foremen {
  const { clock, bus, log, starterOf, ...rest } = parts;
  const foremen = new Map<Id, Foreman>();
  /** Those that look; another may be there for a job that ends before its tenant was seen. */
  const looking = new Set<Id>();
  const stops: (() => void)[] = [];
  let stopped = true;
  let cancelTimer = (): void => {};
  let refreshing: Promise<void> = Promise.resolve();

  function of(tenantId: Id): Foreman {
    const known = foremen.get(tenantId);
    if (known !== undefined) return known;
    const made = createForeman({
      ...rest,
      clock,
      bus,
      log,
      tenantId,
      ...(starterOf === undefined ? {} : { starterOf: (target, row) => starterOf(tenantId, target, row) }),
    });
    foremen.set(tenantId, made);
    return made;
  }

  async function look(): Promise<void> {
    if (stopped) return;
    cancelTimer();
    try {
      const there = new Set(await parts.tenants());
      for (const tenantId of there) {
        if (stopped) return;
        if (looking.has(tenantId)) continue;
        looking.add(tenantId);
        of(tenantId).start();
      }
      for (const tenantId of [...looking].filter((one) => !there.has(one))) {
        looking.delete(tenantId);
        const gone = foremen.get(tenantId);
        foremen.delete(tenantId);
        await gone?.stop();
      }
    } catch (error) {
      log.error({ error: messageOf(error) }, "looking for tenants failed, and will be done again");
    }
    if (!stopped) cancelTimer = clock.after(LOOK_MILLISECONDS, refresh);
  }

  /** One after the other, so that none is begun twice. */
  function refresh(): void {
    refreshing = refreshing.then(look);
  }

  return {
    async start() {
      stopped = false;
      stops.push(
        bus.subscribe(parts.written, (tenantId) => {
          if (typeof tenantId === "string" && !looking.has(tenantId)) refresh();
        }),
        bus.subscribe(TENANT_GONE, refresh),
      );
      refresh();
      await refreshing;
    },
    async stop() {
      stopped = true;
      cancelTimer();
      for (const stop of stops.splice(0)) stop();
      await refreshing;
      await Promise.all([...foremen.values()].map((one) => one.stop()));
    },
    finished: (tx, job, outcome) => of(job.tenantId).finished(tx, job, outcome),
    reopened: (tx, job) => of(job.tenantId).reopened(tx, job),
  };
}

/** Told on the bus when a tenant was removed. */
export const TENANT_GONE = "foreman.tenant_gone";
