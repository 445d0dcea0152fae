import { messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { startCourier, type Courier, type CourierParts } from "./courier.ts";
import type { Webhook } from "./model.ts";
import { claimWebhook, releaseWebhooks, selectWebhooks } from "./store.ts";

/**
 * A courier for each webhook that is active: one that waits for a slow receiver holds up no other. Of several servers on one database one
 * has each webhook.
 */
export interface Couriers {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Something of the webhooks was changed, and is committed. */
  changed(): void;
  replay(webhookId: Id): void;
}

/** Milliseconds between looks without being told; each renews what this server has. */
const LOOK = 10_000;
/** Milliseconds after which another server takes over what one has that is silent. */
const LEASE = 60_000;

export function createCouriers(parts: CourierParts & { readonly random: Pick<Random, "id"> }): Couriers {
  const { database, clock, log } = parts;
  const owner = parts.random.id();
  /** Several servers share a database of PostgreSQL alone. */
  const anyway = database.dialect === "sqlite";
  const couriers = new Map<Id, Courier>();
  let stopped = true;
  let cancelLook = (): void => {};
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    cancelLook();
    if (stopped) return;
    try {
      const wanted = new Map<Id, Webhook>();
      for (const webhook of await selectWebhooks(database.kysely))
        if (webhook.active && (await claimed(webhook.id))) wanted.set(webhook.id, webhook);
      for (const [id, courier] of couriers) {
        if (isSame(wanted.get(id), courier.webhook)) continue;
        couriers.delete(id);
        await courier.stop();
      }
      for (const [id, webhook] of wanted) if (!couriers.has(id)) couriers.set(id, startCourier(parts, webhook));
    } catch (error) {
      log.error({ error: messageOf(error) }, "looking for webhooks failed, and will be done again");
    }
    cancelLook = clock.after(LOOK, changed);
  }

  function claimed(id: Id): Promise<boolean> {
    const now = clock.now();
    return claimWebhook(database.kysely, id, { owner, now, until: now + LEASE, anyway });
  }

  /** One after the other, so that none is begun twice. */
  function changed(): void {
    looking = looking.then(look);
  }

  return {
    async start() {
      stopped = false;
      changed();
      await looking;
    },
    async stop() {
      stopped = true;
      cancelLook();
      await looking;
      cancelLook();
      await Promise.all([...couriers.values()].map((one) => one.stop()));
      couriers.clear();
      await releaseWebhooks(database.kysely, owner);
    },
    changed,
    replay: (id) => couriers.get(id)?.replay(),
  };
}

function isSame(wanted: Webhook | undefined, running: Webhook): boolean {
  return wanted !== undefined && wanted.version === running.version;
}
