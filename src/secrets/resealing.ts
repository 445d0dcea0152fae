import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { SECRET_DAMAGED } from "./errors.ts";
import { selectDataKeys, selectTenantsBehind } from "./keys-store.ts";
import { secretContext, type SealedSecret } from "./model.ts";
import type { Sealer } from "./sealer.ts";
import { selectOlder, updateSealed, type OlderPlace } from "./store.ts";

/**
 * Seals anew, in the background, whatever an older data key than the newest of its tenant seals. It takes no input: what there is to do
 * stands in the database, so it may run at any time, twice, on several servers, or after a crash, and converges.
 */
export interface Resealing {
  start(): void;
  /** There may be something to do: looks at once. */
  wake(): void;
  /** Resolves when it has looked after this call, and done what there was to do. */
  settled(): Promise<void>;
  /** Lets the batch at hand end. */
  stop(): Promise<void>;
}

export interface ResealingParts {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One batch is one commit, and the others wait as long as it takes. */
const BATCH = { rows: 250, bytes: 2 * 1024 * 1024 };
/** A request takes several turns of the event loop: as many are left between two batches. When nothing else is to be done, they take no time. */
const TURNS = 8;
/** Milliseconds until it looks again by itself: another server may have made a data key. */
const LOOK_EVERY = 60_000;
/** Milliseconds until it tries again what failed. */
const TRY_AGAIN = 10_000;

async function letOthers(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1)
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}

export function createResealing({ database, sealer, clock, log }: ResealingParts): Resealing {
  let stopped = true;
  let running: Promise<void> | undefined;
  let wanted = false;
  let cancel = (): void => {};

  async function run(): Promise<void> {
    cancel();
    let next = LOOK_EVERY;
    while (wanted && !stopped) {
      wanted = false;
      try {
        for (const tenantId of await selectTenantsBehind(database.kysely)) await resealTenant(tenantId);
      } catch (error) {
        next = TRY_AGAIN;
        log.warn({ error: messageOf(error) }, "sealing secrets anew was interrupted");
      }
    }
    if (!stopped) cancel = clock.after(next, wake);
  }

  function wake(): void {
    wanted = true;
    if (stopped) return;
    running ??= run().finally(() => {
      running = undefined;
      // Asked for between the last look and now.
      if (wanted && !stopped) wake();
    });
  }

  async function resealTenant(tenantId: Id): Promise<void> {
    const generation = (await selectDataKeys(database.kysely, tenantId)).at(-1)?.generation ?? 0;
    let done = 0;
    for (let after: OlderPlace | undefined; !stopped;) {
      const batch = await selectOlder(database.kysely, { tenantId, generation, after }, BATCH);
      const last = batch.at(-1);
      if (last === undefined) {
        log.info({ tenantId, generation, secrets: done }, "secrets are sealed by the newest data key");
        return;
      }
      done += await resealBatch(tenantId, batch);
      after = { generation: last.generation, id: last.id };
      await letOthers();
    }
  }

  async function resealBatch(tenantId: Id, batch: readonly SealedSecret[]): Promise<number> {
    const tenantSealer = await sealer.sealing(tenantId, batch.length);
    const anew: SealedSecret[] = [];
    const before: number[] = [];
    for (const secret of batch) {
      const context = secretContext(secret);
      try {
        const value = await sealer.open(tenantId, secret.sealed, context);
        const sealed = tenantSealer.seal(value, context);
        value.fill(0);
        anew.push({ ...secret, sealed, generation: tenantSealer.generation });
        before.push(secret.generation);
      } catch (error) {
        if (!(error instanceof GantryError) || error.kind !== SECRET_DAMAGED) throw error;
        // It stays as it is, with its key: whoever asks for it is told.
        log.error({ id: secret.id, name: secret.name }, "a secret does not open, and was not sealed anew");
      }
    }
    return database.transaction((tx) => updateSealed(database, tx, anew, before));
  }

  return {
    start() {
      stopped = false;
      wake();
    },
    wake,
    async settled() {
      wake();
      while (running !== undefined) await running;
    },
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
