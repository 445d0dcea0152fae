import type { IncomingMessage } from "node:http";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { ANSWER_NOT_UNDERSTOOD, SERVER_NOT_RUNNING, SERVER_UNREACHABLE } from "./errors.ts";
import { linesIn } from "./lines.ts";
import type { Event, EventFeed, EventWish } from "./model.ts";
import { errorOf, parseAnswer } from "./problem.ts";
import { chunksOf } from "./requests.ts";
import { serverSentIn } from "./server-sent.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds without a sign of life (the server gives one every 15 s) after which a connection is taken for dead. */
const SILENCE = 45_000;
const PATIENCE = 60_000;
const [FIRST_PAUSE, LONGEST_PAUSE] = [100, 2000];

/** What passes when the server comes back. */
const PASSING: readonly string[] = [
  SERVER_NOT_RUNNING.code,
  SERVER_UNREACHABLE.code,
  ANSWER_NOT_UNDERSTOOD.code,
  "server_closing",
];

/** The events as they happen: see `EventFeed`. */
export function followEvents(transport: Transport, wish: EventWish = {}): EventFeed {
  const { signal } = wish;
  let last = wish.after;
  const path = `/v1/events${queryOf(wish)}`;
  const first = open();
  const opened = first.then(() => undefined);
  opened.catch(() => undefined);
  return { opened, [Symbol.asyncIterator]: follow };

  async function open(): Promise<IncomingMessage> {
    const headers = { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) };
    const answer = await transport.open({ method: "GET", path, headers, signal });
    const status = answer.statusCode ?? 500;
    if (status < 400) return answer;
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer) chunks.push(chunk as Uint8Array);
    throw errorOf(status, parseAnswer(Buffer.concat(chunks).toString("utf8")));
  }

  async function* follow(): AsyncGenerator<Event, void, undefined> {
    try {
      let answer = await first;
      for (;;) {
        try {
          yield* eventsOf(answer);
        } catch (error) {
          if (!passes(error)) throw error;
        }
        if (signal?.aborted === true) return;
        answer = await openAgain();
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  }

  async function* eventsOf(answer: IncomingMessage): AsyncGenerator<Event, void, undefined> {
    answer.setTimeout(SILENCE, () => void answer.destroy());
    for await (const { id, event, data } of serverSentIn(linesIn(chunksOf(answer, signal)))) {
      if (event === "problem") {
        const document = parseAnswer(data) as { readonly status?: number };
        throw errorOf(document.status ?? 500, document as Json);
      }
      // Before it is given: who takes it has it, even if it stops there.
      last = id ?? last;
      if (signal?.aborted === true) return;
      if (data !== "") yield parseAnswer(data) as unknown as Event;
    }
  }

  async function openAgain(): Promise<IncomingMessage> {
    const until = systemClock.now() + (wish.patience ?? PATIENCE);
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      await waited(pause);
      try {
        return await open();
      } catch (error) {
        // Who gave up reading is not kept waiting, and keeps no program alive.
        if (!passes(error) || signal?.aborted === true || systemClock.now() > until) throw error;
      }
    }
  }

  function waited(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, signal?.aborted === true ? 0 : milliseconds);
      signal?.addEventListener("abort", done);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
    });
  }
}

function passes(error: unknown): boolean {
  return !(error instanceof GantryError) || PASSING.includes(error.code);
}

function queryOf({ type, subject }: EventWish): string {
  const query = new URLSearchParams();
  for (const one of [type ?? []].flat()) query.append("type", one);
  if (subject !== undefined) query.append("subject", subject);
  return query.size === 0 ? "" : `?${query.toString()}`;
}
