import { createHash } from "node:crypto";
import {
  INVENTORY_SUBJECT,
  type ExternalRows,
  type InventoryBackend,
  type InventoryStore,
  type MissingBackend,
} from "../inventory/index.ts";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError, messageOf, problemText, type Problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Backend } from "./model.ts";
import { externalRows, namesOf } from "./rows.ts";
import { saveNames, selectBackends, selectNames } from "./store.ts";

/**
 * Holds in memory what backends were last read to hold, and reads them again when something changes, and now and then. What cannot be read
 * holds nothing: it is missing, and who asks is told so.
 */
export interface Keeper {
  /** Reads every backend there is, and goes on reading. Resolves when they are known, not when they are read. */
  start(): Promise<void>;
  /** Begins with a backend, or begins anew with one that was changed. */
  put(backend: Backend): void;
  drop(id: Id): void;
  of(tenantId: Id): readonly Kept[];
  /** The same, when each of them was tried at least once; who asks waits for that a few seconds at most. */
  settled(tenantId: Id): Promise<readonly Kept[]>;
  /** Reads a backend now. Never fails: a backend that cannot be read is missing. */
  refresh(id: Id): Promise<void>;
  /** Grows with each change of what is held. */
  generation(): number;
  stop(): Promise<void>;
}

/** A backend, and what is known of it. */
export interface Kept {
  readonly backend: Backend;
  /** Undefined: it cannot be used; `missing` says why. */
  readonly port: InventoryBackend | undefined;
  /** Undefined: it was not read yet, or cannot be. */
  readonly external: ExternalRows | undefined;
  /** What it was last read to hold, also while it is missing; after a start only what `namesOf` keeps. */
  readonly last: ExternalRows | undefined;
  /** When it was last read well: epoch milliseconds. */
  readonly readAt: number | null;
  readonly missing: MissingBackend | undefined;
  /** Since when it is tried: epoch milliseconds. */
  readonly begunAt: number;
  readonly problems: readonly Problem[];
}

export interface KeeperParts {
  readonly database: Database;
  readonly inventory: Pick<InventoryStore, "snapshot">;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes the backend of a kind. Errors: `backend_invalid`. */
  open(backend: Backend): InventoryBackend;
}

/** A place that has not answered by then is gone. */
const PATIENCE = 30_000;
/** A place that is gone is asked again later and later, but at least so often. */
const [FIRST_RETRY, LONGEST_RETRY] = [1000, 10_000];
/** What is noticed within so long is read together; and what takes long to read is not read all the time. */
const GATHER = 100;

/** So long the first answers wait for a backend: two servers that are each other's backend would else wait for each other. */
const FIRST_PATIENCE = 5000;

type Mutable<Thing> = { -readonly [Member in keyof Thing]: Thing[Member] };

interface Holding extends Mutable<Kept> {
  hash: string;
  reading: Promise<void> | undefined;
  again: boolean;
  readonly stopped: AbortController;
  cancel: CancelTimer;
  cancelGather: CancelTimer | undefined;
  unwatch: (() => void) | undefined;
  /** Readings that failed one after the other. */
  failures: number;
  /** Milliseconds the last reading took. */
  took: number;
}

export function createKeeper(parts: KeeperParts): Keeper {
  const { clock, log, bus } = parts;
  const held = new Map<Id, Holding>();
  let generation = 0;

  function end(holding: Holding): void {
    holding.stopped.abort();
    holding.cancel();
    holding.cancelGather?.();
    holding.unwatch?.();
    holding.port?.close?.();
  }

  function changed(holding: Holding): void {
    generation += 1;
    bus.publish(INVENTORY_SUBJECT, holding.backend.tenantId);
  }

  function put(backend: Backend, kept?: ExternalRows): void {
    const before = held.get(backend.id);
    // Other settings of the same place take nothing out of service.
    const last = kept ?? (before?.backend.site === backend.site ? before.last : undefined);
    if (before !== undefined) end(before);
    const holding: Holding = {
      backend,
      port: undefined,
      external: undefined,
      last,
      readAt: null,
      missing: undefined,
      begunAt: clock.now(),
      problems: [],
      hash: "",
      reading: undefined,
      again: false,
      stopped: new AbortController(),
      cancel: () => {},
      cancelGather: undefined,
      unwatch: undefined,
      failures: 0,
      took: 0,
    };
    held.set(backend.id, holding);
    changed(holding);
    void refresh(holding);
  }

  function drop(id: Id): void {
    const holding = held.get(id);
    if (holding === undefined) return;
    held.delete(id);
    end(holding);
    changed(holding);
  }

  function refresh(holding: Holding): Promise<void> {
    // What changed while it is read may not be in what is read.
    holding.again = true;
    holding.reading ??= readUntilStill(holding).finally(() => {
      holding.reading = undefined;
    });
    return holding.reading;
  }

  /** The place says that something is other. */
  function noticed(holding: Holding): void {
    if (holding.cancelGather !== undefined || holding.stopped.signal.aborted) return;
    holding.cancelGather = clock.after(Math.max(GATHER, holding.took), () => {
      holding.cancelGather = undefined;
      void refresh(holding);
    });
  }

  async function readUntilStill(holding: Holding): Promise<void> {
    holding.cancel();
    while (holding.again && !holding.stopped.signal.aborted) {
      holding.again = false;
      await readOnce(holding);
    }
    if (holding.stopped.signal.aborted) return;
    waitOn(holding, clock.now() + secondsOf(holding, "every", 60));
  }

  /** Until it is read again at the latest; until then it is asked whether it has to be. */
  function waitOn(holding: Holding, until: number): void {
    const left = Math.max(0, until - clock.now());
    if (holding.missing !== undefined) {
      const wait = Math.min(left, LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(holding.failures - 1, 10));
      holding.cancel = clock.after(wait, () => void refresh(holding));
      return;
    }
    const poll = holding.port?.probe === undefined ? left : secondsOf(holding, "poll", 15);
    holding.cancel =
      poll >= left
        ? clock.after(left, () => void refresh(holding))
        : clock.after(poll, () => void probed(holding, until));
  }

  async function probed(holding: Holding, until: number): Promise<void> {
    const { signal } = holding.stopped;
    const late = new AbortController();
    const cancelLate = clock.after(PATIENCE, () => late.abort());
    // What does not answer is read: that says what is wrong.
    const other = await inTime(
      holding.port?.probe?.(AbortSignal.any([signal, late.signal])) ?? Promise.resolve(true),
      late.signal,
    ).catch(() => true);
    cancelLate();
    if (signal.aborted || holding.reading !== undefined) return;
    if (other) await refresh(holding);
    else waitOn(holding, until);
  }

  function secondsOf({ backend }: Holding, member: string, otherwise: number): number {
    return Number(backend.settings[member] ?? otherwise) * 1000;
  }

  async function readOnce(holding: Holding): Promise<void> {
    const { backend, stopped } = holding;
    const late = new AbortController();
    const cancelLate = clock.after(PATIENCE, () => late.abort());
    const begun = clock.now();
    try {
      holding.port ??= parts.open(backend);
      // A folder that went away took its watcher along. A server is watched for until it is back.
      const watchAgain = holding.missing !== undefined && holding.backend.kind === "files";
      if (holding.unwatch === undefined || watchAgain) {
        holding.unwatch?.();
        holding.unwatch = holding.port.watch?.(() => noticed(holding)) ?? ((): void => {});
      }
      const foreign = await inTime(holding.port.read(AbortSignal.any([stopped.signal, late.signal])), late.signal);
      const hash = createHash("sha256").update(JSON.stringify(foreign)).digest("hex");
      const { tenant } = await parts.inventory.snapshot(backend.tenantId);
      const external = hash === holding.hash ? holding.external : undefined;
      const rows = external ?? externalRows(backend, tenant, foreign);
      if (stopped.signal.aborted) return;
      const was = holding.missing;
      holding.took = clock.now() - begun;
      holding.failures = 0;
      if (external === undefined) await saveNames(parts.database.kysely, backend.id, namesOf(rows));
      Object.assign(holding, {
        external: rows,
        last: rows,
        hash,
        readAt: clock.now(),
        missing: undefined,
        problems: [],
      });
      if (external === undefined) changed(holding);
      if (was !== undefined) await tell(holding, "backend.back", { since: was.since });
    } catch (error) {
      if (stopped.signal.aborted) return;
      const text = late.signal.aborted ? `does not answer within ${PATIENCE / 1000} s` : failureText(error);
      const first = holding.missing === undefined;
      holding.failures += 1;
      holding.missing = {
        backend: backend.name,
        site: backend.site,
        since: holding.missing?.since ?? clock.now(),
        error: text,
      };
      holding.problems = error instanceof GantryError ? error.problems : [];
      holding.external = undefined;
      holding.hash = "";
      if (!(error instanceof GantryError)) log.warn({ backend: backend.name, error: text }, "a backend cannot be read");
      if (!first) return;
      changed(holding);
      await tell(holding, "backend.lost", { error: text });
    } finally {
      cancelLate();
    }
  }

  async function tell(
    { backend }: Holding,
    type: string,
    data: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const { tenantId, id, name, site } = backend;
    const event = { tenantId, type, subject: { kind: "backend", id }, data: { name, site, ...data } };
    await parts.database
      .transaction((tx) => parts.events.append(tx, [event]))
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "telling of a backend failed"));
  }

  function of(tenantId: Id): readonly Holding[] {
    return [...held.values()]
      .filter(({ backend }) => backend.tenantId === tenantId)
      .sort((a, b) => (a.backend.name < b.backend.name ? -1 : 1));
  }

  return {
    async start() {
      const names = await selectNames(parts.database.kysely);
      for (const backend of await selectBackends(parts.database.kysely)) put(backend, names.get(backend.id));
    },
    put: (backend) => put(backend),
    drop,
    of,
    async settled(tenantId) {
      const found = of(tenantId);
      for (const one of found)
        if (one.external === undefined && one.missing === undefined && one.reading !== undefined)
          await Promise.race([one.reading, pause(clock, one.begunAt + FIRST_PATIENCE - clock.now())]);
      return found;
    },
    async refresh(id) {
      const holding = held.get(id);
      if (holding !== undefined) await refresh(holding);
    },
    generation: () => generation,
    async stop() {
      const all = [...held.values()];
      for (const holding of all) end(holding);
      held.clear();
      await Promise.all(all.map(({ reading }) => reading));
    },
  };
}

/** A place may not heed its signal: nobody waits for it then. */
async function inTime<Result>(work: Promise<Result>, late: AbortSignal): Promise<Result> {
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      late.addEventListener("abort", () => reject(late.reason as Error), { once: true });
    }),
  ]);
}

/** With the place of the first problem, when there is one. */
function failureText(error: unknown): string {
  if (!(error instanceof GantryError)) return messageOf(error);
  const [first] = error.problems;
  if (first === undefined) return error.message;
  const more = error.problems.length === 1 ? "" : ` (and ${error.problems.length - 1} more)`;
  return `${problemText(first)}${more}`;
}

function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(Math.max(0, milliseconds), resolve);
  });
}
