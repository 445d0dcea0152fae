import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Database } from "../platform/database/index.ts";
import type { Event, EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { WebhookKeys } from "./keys.ts";
import {
  bodyOf,
  isGivenUp,
  isWanted,
  retryDelay,
  signatureOf,
  type Reply,
  type RetryRules,
  type Webhook,
  type WebhookState,
} from "./model.ts";
import type { Send, Sent } from "./sender.ts";
import { deleteDeadLetter, saveDeadLetter, saveState, selectDeadLetters, selectState } from "./store.ts";

/**
 * The queue of one webhook: follows the events from where it was, and delivers each before it looks at the next. Where it is stands in the
 * database after each delivery, so that a crash repeats one delivery at the most and loses none.
 */
export interface Courier {
  readonly webhook: Webhook;
  /** Sends dead letters again that somebody wants. */
  replay(): void;
  stop(): Promise<void>;
}

/** Whether an event may be shown to who made the webhook; a text: who that was is nobody any more. */
export type MayShow = (webhook: Webhook, event: Event) => Promise<boolean | string>;

export interface CourierParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly log: Logger;
  readonly keys: WebhookKeys;
  readonly send: Send;
  readonly rules: RetryRules;
  readonly version: string;
  /** A number in [0, 1). */
  chance(): number;
  readonly mayShow: MayShow;
  /** How what an event tells of can be answered; undefined: nothing waits for an answer. */
  replyTo(webhook: Webhook, event: Event): Promise<Reply | undefined>;
}

/** Milliseconds between notes of where it is while nothing is wanted. */
const NOTE = 10_000;
/** Milliseconds before the next look, when the database fails, or who made the webhook may see nothing now. */
const LATER = 60_000;
const REPLAYED_AT_ONCE = 50;

/** One request for an event: signed, and with the way to answer. What cannot even be made is told as what was not sent. */
export async function deliver(
  parts: Pick<CourierParts, "clock" | "keys" | "send" | "version" | "replyTo">,
  webhook: Webhook,
  event: Event,
  signal: AbortSignal,
): Promise<Sent> {
  try {
    const sources = [webhook.secret, ...(webhook.former === null ? [] : [webhook.former])];
    const secrets = await Promise.all(sources.map((source) => parts.keys.secret(webhook, source)));
    const body = bodyOf(webhook, event, await parts.replyTo(webhook, event));
    const headers = {
      "content-type": "application/json",
      "user-agent": `gantry/${parts.version}`,
      "gantry-delivery": event.id,
      "gantry-event": event.type,
      "gantry-signature": signatureOf(secrets, Math.floor(parts.clock.now() / 1000), body),
    };
    return await parts.send({ url: webhook.url, headers, body, ca: webhook.ca }, signal);
  } catch (error) {
    return { ok: false, error: messageOf(error).slice(0, 500) };
  }
}

export function startCourier(parts: CourierParts, webhook: Webhook): Courier {
  const { database, events, clock, log, rules } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  let replaying: Promise<void> = Promise.resolve();

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || milliseconds <= 0) return resolve();
      const cancel = clock.after(milliseconds, end);
      function end(): void {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      }
      return signal.addEventListener("abort", end);
    });
  }

  async function follow(): Promise<void> {
    let state = await selectState(database.kysely, webhook.id);
    if (state === undefined) return;
    let noted = clock.now();
    let passed = state.cursor;
    const filter = {
      tenantId: webhook.tenantId,
      ...(webhook.filter.types.length > 0 && { types: webhook.filter.types }),
    };
    const following = events.follow(state.cursor, signal, filter, (cursor) => {
      passed = cursor;
    });
    try {
      for await (const event of following) {
        if (isWanted(webhook, event) && (await isShown(event))) state = await delivered(state, event);
        if (signal.aborted) return;
        passed = event.cursor;
        if (state.cursor === event.cursor || clock.now() - noted < NOTE) continue;
        noted = clock.now();
        state = await moved(state, passed);
      }
    } finally {
      // What was not wanted need not be looked at again; but nothing is passed over that is still being tried.
      if (state.eventId === null && state.cursor !== passed) await moved(state, passed);
    }
  }

  function moved(state: WebhookState, cursor: string): Promise<WebhookState> {
    return saved({ ...state, cursor });
  }

  /** Waits while nobody is there whose rights would say it. */
  async function isShown(event: Event): Promise<boolean> {
    for (;;) {
      const shown = await parts.mayShow(webhook, event);
      if (typeof shown === "boolean") return shown;
      const state = await selectState(database.kysely, webhook.id);
      if (state !== undefined) await saveState(database.kysely, webhook.id, { ...state, lastError: shown });
      await pause(LATER);
      if (signal.aborted) return false;
    }
  }

  /** Until it was taken, or given up. Where it was stopped before, the event stays the one that is tried. */
  async function delivered(before: WebhookState, event: Event): Promise<WebhookState> {
    const stopped = { ...before, eventId: event.id };
    const over = { cursor: event.cursor, eventId: null, attempts: 0, nextAt: null };
    let { attempts, nextAt } = before.eventId === event.id ? before : { attempts: 0, nextAt: null };
    for (;;) {
      if (nextAt !== null) await pause(nextAt - clock.now());
      if (signal.aborted) return stopped;
      const sent = await deliver(parts, webhook, event, signal);
      // Whether it arrived is not known: it is sent again.
      if (signal.aborted && !sent.ok) return stopped;
      const now = clock.now();
      if (sent.ok) return saved({ ...before, ...over, lastError: null, deliveredAt: now });
      const lastError = sent.error;
      attempts += 1;
      if (isGivenUp(rules, attempts, event, now)) return gaveUp({ ...before, ...over, lastError }, event, attempts);
      nextAt = now + retryDelay(rules, attempts, parts.chance());
      await saved({ ...before, eventId: event.id, attempts, lastError, nextAt });
    }
  }

  async function saved(state: WebhookState): Promise<WebhookState> {
    await saveState(database.kysely, webhook.id, state);
    return state;
  }

  async function gaveUp(state: WebhookState, event: Event, attempts: number): Promise<WebhookState> {
    const { id, tenantId, name } = webhook;
    const error = state.lastError ?? "";
    await database.transaction(async (tx) => {
      await saveDeadLetter(tx, { webhookId: id, event, attempts, error, gaveUpAt: clock.now() });
      await saveState(tx, id, state);
      const data = { name, event: event.id, type: event.type, attempts, error };
      await events.append(tx, [{ tenantId, type: "webhook.gave_up", subject: { kind: "webhook", id }, data }]);
    });
    return state;
  }

  /** What is no longer kept is lost to it: it goes on with what there is. */
  async function goOnFromFloor(): Promise<void> {
    const { cursor } = await events.read({ limit: 0 });
    const state = await selectState(database.kysely, webhook.id);
    if (state === undefined) return;
    const lastError = "events were deleted before they could be sent: see keep_events";
    await saveState(database.kysely, webhook.id, {
      ...state,
      cursor,
      eventId: null,
      attempts: 0,
      nextAt: null,
      lastError,
    });
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await follow();
        return;
      } catch (error) {
        if (error instanceof GantryError && error.code === "events_gone") {
          await goOnFromFloor().catch(() => {});
          continue;
        }
        log.error({ webhook: webhook.name, error: messageOf(error) }, "following events for a webhook failed");
        await pause(LATER);
      }
    }
  }

  async function replayAll(): Promise<void> {
    for (let after = ""; !signal.aborted;) {
      const letters = await selectDeadLetters(database.kysely, webhook.id, {
        after,
        limit: REPLAYED_AT_ONCE,
        replay: true,
      });
      for (const letter of letters) {
        if (signal.aborted) return;
        const { event, attempts } = letter;
        const sent = await sentAgain(event);
        if (sent.ok) await deleteDeadLetter(database.kysely, webhook.id, event.id);
        else if (!signal.aborted) {
          const failed = { webhookId: webhook.id, event, attempts: attempts + 1, error: sent.error };
          await database.transaction((tx) => saveDeadLetter(tx, { ...failed, gaveUpAt: clock.now() }));
        }
        after = event.id;
      }
      if (letters.length < REPLAYED_AT_ONCE) return;
    }
  }

  /** Who changed it since may see less than who stood behind it when the event was kept. */
  async function sentAgain(event: Event): Promise<Sent> {
    const shown = await parts.mayShow(webhook, event);
    if (shown === true) return deliver(parts, webhook, event, signal);
    return { ok: false, error: shown === false ? `${webhook.owner.name}, who changed it last, may not see it` : shown };
  }

  function replay(): void {
    replaying = replaying.then(replayOnce);
  }

  async function replayOnce(): Promise<void> {
    try {
      await replayAll();
    } catch (error) {
      log.error({ webhook: webhook.name, error: messageOf(error) }, "sending dead letters again failed");
    }
  }

  const running = run();
  replay();
  return {
    webhook,
    replay,
    async stop() {
      stopping.abort();
      await running;
      await replaying;
    },
  };
}
