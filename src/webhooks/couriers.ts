import { messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { startCourier, type Courier, type CourierParts } from "./courier.ts";
import type { Webhook } from "./model.ts";
import { selectWebhooks } from "./store.ts";

/** A courier for each webhook that is active: one that waits for a slow receiver holds up no other. */
export interface Couriers {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Something of the webhooks was changed, and is committed. */
  changed(): void;
  replay(webhookId: Id): void;
}

/** Milliseconds between looks without being told. */
const LOOK = 10_000;

export function createCouriers(parts: CourierParts): Couriers {
  const { database, clock, log } = parts;
  const couriers = new Map<Id, Courier>();
  let stopped = true;
  let cancelLook = (): void => {};
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    cancelLook();
    if (stopped) return;
    try {
      const wanted = new Map((await selectWebhooks(database.kysely)).map((one) => [one.id, one]));
      for (const [id, courier] of couriers) {
        if (isSame(wanted.get(id), courier.webhook)) continue;
        couriers.delete(id);
        await courier.stop();
      }
      for (const [id, webhook] of wanted)
        if (webhook.active && !couriers.has(id)) couriers.set(id, startCourier(parts, webhook));
    } catch (error) {
      log.error({ error: messageOf(error) }, "looking for webhooks failed, and will be done again");
    }
    cancelLook = clock.after(LOOK, changed);
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
    },
    changed,
    replay: (id) => couriers.get(id)?.replay(),
  };
}

function isSame(wanted: Webhook | undefined, running: Webhook): boolean {
  return wanted !== undefined && wanted.active && wanted.version === running.version;
}
