import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { INVENTORY_SUBJECT } from "../inventory/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { ZoneBook, ZonesNow } from "./book.ts";
import { publicationSteps, retryDelay, type CurrentZone, type PublicationStep } from "./decide.ts";
import { DNS_SERVER_UNREACHABLE } from "./errors.ts";
import type { DnsTarget } from "./model.ts";
import type { ZonePublisher } from "./publisher.ts";
import { createServerState } from "./server-state.ts";
import {
  deletePublication,
  holdPublication,
  insertPublication,
  releaseHolds,
  savePublication,
  selectPublications,
  selectPublishingTenants,
  selectSets,
  selectTargets,
  type ZoneKey,
} from "./store.ts";

/**
 * Keeps name servers at what the inventory says. A reconciler: it takes no input but a wake, and may run at any time, twice, or after a
 * crash. What is published stands in the database, so that a server that was down is caught up when it is back.
 */
export interface Publishing {
  start(): void;
  /** Looks soon, and tries again at once what failed before. */
  retry(): void;
  /** Waits for what is under way, which is told to give up. */
  stop(): Promise<void>;
}

export interface PublishingParts {
  readonly database: Database;
  readonly book: ZoneBook;
  readonly publishers: readonly ZonePublisher[];
  readonly events: Pick<EventStream, "append">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Changes that come within so many milliseconds are published together. */
const GATHER_MILLISECONDS = 50;
/** A wake may get lost. */
const LOOK_MILLISECONDS = 5000;
/** Longer than any publication takes: then who held it is gone. */
const HOLD_MILLISECONDS = 120_000;
/** Published when a target was changed. */
export const TARGETS_SUBJECT = "dns";

/** What runs for one target. */
interface Runner {
  running: Promise<void> | null;
  again: boolean;
  /** The server did not answer: until then it is left alone. Epoch milliseconds. */
  quietUntil: number;
  cancelWait: CancelTimer;
}

export function createPublishing(parts: PublishingParts): Publishing {
  const { database, book, clock, log } = parts;
  const publishers = new Map(parts.publishers.map((one) => [one.kind, one]));
  const runners = new Map<Id, Runner>();
  const server = createServerState(database.kysely);
  const stopping = new AbortController();
  const stops: (() => void)[] = [];
  /** What was looked at last: while it is the same, and nobody asks for more, there is nothing to do. */
  const looked = new Map<Id, ZonesNow>();
  let everything = true;
  /** On SQLite there is one server: what is held when it starts was held by one that was killed. */
  let alone = database.dialect === "sqlite";
  let looking: Promise<void> | null = null;
  let cancelGather: CancelTimer | null = null;
  let cancelLook: CancelTimer = () => {};

  /** Several wakes become one look. */
  function wake(): void {
    if (isStopping() || cancelGather !== null) return;
    cancelGather = clock.after(GATHER_MILLISECONDS, () => {
      cancelGather = null;
      void lookOnce();
    });
  }

  function wakeForAll(): void {
    everything = true;
    wake();
  }

  async function lookOnce(): Promise<void> {
    // Who looks already may have read what was before: then once more.
    if (looking !== null) {
      await looking;
      wake();
      return;
    }
    looking = look().catch((error: unknown) => log.error({ error: messageOf(error) }, "looking at names failed"));
    await looking;
    looking = null;
  }

  async function look(): Promise<void> {
    const all = everything;
    everything = false;
    if (alone) await releaseHolds(database.kysely);
    alone = false;
    for (const tenantId of await selectPublishingTenants(database.kysely)) {
      try {
        await lookAt(tenantId, all);
      } catch (error) {
        // The names of others do not wait for it.
        log.error({ error: messageOf(error), tenant: tenantId }, "looking at the names of a tenant failed");
      }
    }
  }

  async function lookAt(tenantId: Id, all: boolean): Promise<void> {
    const now = await book.now(tenantId);
    if (!all && looked.get(tenantId) === now) return;
    const targets = await selectTargets(database.kysely, tenantId);
    const rows = await selectPublications(database.kysely, tenantId);
    const steps = publicationSteps(targets, now.zones, rows);
    for (const target of targets) if (steps.some((step) => step.target.id === target.id)) run(target);
    looked.set(tenantId, now);
  }

  /** Runs a target's steps, one target beside the other: one that hangs holds up nobody else. */
  function run(target: DnsTarget): void {
    const runner = runners.get(target.id) ?? { running: null, again: false, quietUntil: 0, cancelWait: () => {} };
    runners.set(target.id, runner);
    if (runner.running !== null) {
      runner.again = true;
      return;
    }
    runner.running = runThrough(target, runner);
  }

  async function runThrough(target: DnsTarget, runner: Runner): Promise<void> {
    try {
      await runSteps(target, runner);
    } catch (error) {
      log.error({ error: messageOf(error), target: target.name }, "publishing names failed");
    }
    runner.running = null;
    if (!runner.again) return;
    runner.again = false;
    wakeForAll();
  }

  async function runSteps(target: DnsTarget, runner: Runner): Promise<void> {
    const { zones } = await book.now(target.tenantId);
    const rows = (await selectPublications(database.kysely, target.tenantId)).filter(
      (row) => row.targetId === target.id,
    );
    const steps = publicationSteps([target], zones, rows);
    let wait = Number.POSITIVE_INFINITY;
    const left = [...steps];
    async function lane(): Promise<void> {
      for (let step = left.shift(); step !== undefined && !isStopping(); step = left.shift()) {
        const due = Math.max(runner.quietUntil, step.do === "begin" ? 0 : step.row.nextTryAt);
        if (due > clock.now()) {
          wait = Math.min(wait, due - clock.now());
          continue;
        }
        const failure = await take(target, step);
        if (failure === null) continue;
        wait = Math.min(wait, failure.delay);
        // The others would only wait for the same silence.
        if (failure.unreachable) runner.quietUntil = clock.now() + failure.delay;
      }
    }
    const lanes = Array.from({ length: publisherOf(target).lanes }, lane);
    // All of them end before one's failure is told: none goes on unseen.
    for (const ended of await Promise.allSettled(lanes)) if (ended.status === "rejected") throw ended.reason;
    if (isStopping()) return;
    runner.cancelWait();
    if (Number.isFinite(wait)) runner.cancelWait = clock.after(wait + 1, wakeForAll);
  }

  /** One step, unless another server of ours is at it. Null: it went well. */
  async function take(
    target: DnsTarget,
    step: PublicationStep,
  ): Promise<{ readonly delay: number; readonly unreachable: boolean } | null> {
    const key = step.do === "remove" ? keyOfRow(step.row) : keyOfZone(step.current);
    if (step.do === "begin") await database.transaction((tx) => insertPublication(tx, target.tenantId, target.id, key));
    const now = clock.now();
    if (!(await holdPublication(database, target.id, key, now, now + HOLD_MILLISECONDS))) return null;
    const attempt = step.do === "begin" ? 0 : step.row.attempt;
    try {
      if (step.do === "remove") await forget(target, key);
      else await publish(target, key, step.current, attempt);
      return null;
    } catch (error) {
      return fail(target, key, step.do === "remove", attempt, error);
    }
  }

  async function publish(target: DnsTarget, key: ZoneKey, current: CurrentZone, attempt: number): Promise<void> {
    const { zone, serial, contentHash } = current;
    const publisher = publisherOf(target);
    const before = publisher.compares ? await server.read(target.id, key) : null;
    await publisher.publish(target.settings, target.view, { zone, serial, before }, stopping.signal);
    const now = clock.now();
    await database.transaction(async (tx) => {
      if (publisher.compares) await server.write(tx, target.id, key, before, current);
      await savePublication(tx, target.id, key, {
        state: "published",
        serial,
        contentHash,
        attempt: 0,
        nextTryAt: 0,
        lastError: null,
        publishedAt: now,
      });
      await parts.events.append(tx, [eventOf(target, "dns.published", { ...key, serial })]);
    });
    server.written(target.id, key, current);
    log.info({ target: target.name, zone: key.zone, view: key.view, serial, attempt }, "zone published");
  }

  async function forget(target: DnsTarget, key: ZoneKey): Promise<void> {
    server.forget(target.id, key);
    const before = await selectSets(database.kysely, target.id, key);
    await publisherOf(target).remove(target.settings, target.view, { name: key.zone, before }, stopping.signal);
    await database.transaction(async (tx) => {
      await deletePublication(tx, target.id, key);
      await parts.events.append(tx, [eventOf(target, "dns.removed", { ...key })]);
    });
    log.info({ target: target.name, zone: key.zone, view: key.view }, "zone removed");
  }

  async function fail(
    target: DnsTarget,
    key: ZoneKey,
    removing: boolean,
    attempts: number,
    thrown: unknown,
  ): Promise<{ readonly delay: number; readonly unreachable: boolean }> {
    server.forget(target.id, key);
    const message = thrown instanceof GantryError ? `${thrown.message} (${thrown.code})` : messageOf(thrown);
    const attempt = attempts + 1;
    // What was cut short by our own end is nobody's failure.
    const delay = isStopping() ? 0 : retryDelay(attempt);
    const change = {
      state: removing ? "removing" : "waiting",
      attempt: isStopping() ? attempts : attempt,
      nextTryAt: clock.now() + delay,
      lastError: message,
    } as const;
    await database.transaction(async (tx) => {
      await savePublication(tx, target.id, key, change);
      if (attempts === 0 && !isStopping())
        await parts.events.append(tx, [eventOf(target, "dns.delayed", { ...key, message })]);
    });
    log.warn({ target: target.name, zone: key.zone, view: key.view, attempt, error: message }, "zone not published");
    const unreachable = thrown instanceof GantryError && thrown.kind === DNS_SERVER_UNREACHABLE;
    return { delay, unreachable };
  }

  function publisherOf(target: DnsTarget): ZonePublisher {
    const publisher = publishers.get(target.kind);
    if (publisher === undefined) throw new Error(`there is no publisher for DNS targets of kind ${target.kind}`);
    return publisher;
  }

  function isStopping(): boolean {
    return stopping.signal.aborted;
  }

  function lookNowAndThen(): void {
    cancelLook = clock.after(LOOK_MILLISECONDS, lookNowAndThen);
    wakeForAll();
  }

  return {
    start() {
      stops.push(parts.bus.subscribe(INVENTORY_SUBJECT, wake), parts.bus.subscribe(TARGETS_SUBJECT, wakeForAll));
      lookNowAndThen();
    },
    retry() {
      for (const runner of runners.values()) runner.quietUntil = 0;
      wakeForAll();
    },
    async stop() {
      stopping.abort();
      cancelLook();
      cancelGather?.();
      for (const stop of stops) stop();
      for (const runner of runners.values()) runner.cancelWait();
      await looking;
      await Promise.all([...runners.values()].map((runner) => runner.running));
    },
  };
}

function keyOfZone({ zone }: CurrentZone): ZoneKey {
  return { zone: zone.name, view: zone.view ?? "" };
}

function keyOfRow({ zone, view }: ZoneKey): ZoneKey {
  return { zone, view };
}

function eventOf(target: DnsTarget, type: string, data: Readonly<Record<string, string | number>>) {
  return {
    tenantId: target.tenantId,
    type,
    subject: { kind: "dns_target", id: target.id },
    data: { name: target.name, ...data },
  };
}
