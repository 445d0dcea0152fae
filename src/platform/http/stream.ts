import { PassThrough } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Clock } from "../../kernel/clock.ts";
import type { Json } from "../../kernel/json.ts";
import { problemDocument } from "./problem.ts";

/** Bytes that wait for a slow reader; then the source is asked for no more. */
const WAITING_BYTES = 64 * 1024;
/** Milliseconds of silence after which a reader of server-sent events is told that the connection lives. */
const HEARTBEAT_MILLISECONDS = 15_000;

/** One server-sent event. */
export interface ServerSentEvent {
  /** What a reader sends back as `Last-Event-ID` to go on behind it. No line breaks. */
  readonly id: string;
  /** Its name. No line breaks. */
  readonly event: string;
  readonly data: Json | object;
}

/** How values of a stream are written. */
interface Form<Value> {
  readonly type: string;
  /** Written at once, so that a reader knows that it listens. */
  readonly begin: string;
  one(value: Value): string;
  problem(document: object): string;
  /** Written after each time of silence. */
  readonly heartbeat?: { readonly clock: Clock; text(): string };
}

/**
 * Answers with one JSON value a line (NDJSON) for as long as `lines` goes on. `open` gets a signal that ends when the reader goes away or
 * the server closes, or whoever reads may do so no more. An error is the last line, `{"problem": …}`.
 */
export async function sendLines(
  reply: FastifyReply,
  closing: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<Json | object>,
): Promise<FastifyReply> {
  return sendStream(reply, closing, open, {
    type: "application/x-ndjson",
    begin: "\n",
    one: (value) => `${JSON.stringify(value)}\n`,
    problem: (document) => `${JSON.stringify({ problem: document })}\n`,
  });
}

/**
 * Answers with server-sent events (`text/event-stream`) for as long as `open` goes on. `reached` says where a reader could go on from now,
 * also while the source passes over what is not wanted: it is sent along with the heartbeats. An error is the last event, `problem`.
 */
export async function sendEvents(
  reply: FastifyReply,
  closing: AbortSignal,
  clock: Clock,
  reached: () => string,
  open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
): Promise<FastifyReply> {
  // Proxies that gather an answer before they pass it on are told not to.
  void reply.header("cache-control", "no-store").header("x-accel-buffering", "no");
  return sendStream(reply, closing, open, {
    type: "text/event-stream",
    // An event without data is none: it only says where the reader is.
    begin: `: listening\nid: ${reached()}\n\n`,
    one: ({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    problem: (document) => `event: problem\ndata: ${JSON.stringify(document)}\n\n`,
    heartbeat: { clock, text: () => `: heartbeat\nid: ${reached()}\n\n` },
  });
}

function sendStream<Value>(
  reply: FastifyReply,
  closing: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<Value>,
  form: Form<Value>,
): FastifyReply {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, closing]);
  const values = open(signal)[Symbol.asyncIterator]();
  const body = new PassThrough({ highWaterMark: WAITING_BYTES });
  const beat = heartbeat(body, form.heartbeat);
  let refusal: unknown;
  /** What is written together: values that are there at once, and not one by one. */
  let text = "";
  let turn: NodeJS.Immediate | undefined;
  const stopWatching = reply.server.watchAdmission(reply.request, (error) => {
    refusal ??= error;
    gone.abort();
  });
  body.on("close", () => gone.abort());
  void pump();
  // The connection ends with the stream: kept alive it would hold up a server that closes.
  return reply.type(form.type).header("connection", "close").send(body);

  async function pump(): Promise<void> {
    try {
      body.write(form.begin);
      beat.again();
      for (;;) {
        const next = await values.next();
        if (next.done === true || signal.aborted) break;
        text += form.one(next.value);
        if (text.length < WAITING_BYTES && !body.writableNeedDrain) turn ??= setImmediate(write);
        else if (!write()) await drained();
      }
      if (refusal !== undefined) throw refusal;
    } catch (error) {
      text += form.problem(problemDocument(refusal ?? error));
    } finally {
      write();
      stopWatching();
      beat.stop();
      body.end();
      await values.return?.();
    }
  }

  /** False: nothing more until it is drained. */
  function write(): boolean {
    clearImmediate(turn);
    turn = undefined;
    if (text === "" || body.destroyed) return true;
    const all = text;
    text = "";
    beat.again();
    return body.write(all);
  }

  function drained(): Promise<void> {
    return new Promise((resolve) => {
      function done(): void {
        body.off("drain", done).off("close", done);
        resolve();
      }
      body.on("drain", done).on("close", done);
    });
  }
}

/** Writes a sign of life after each time of silence; not to a reader who has not taken what waits for it already. */
function heartbeat(body: PassThrough, how: Form<unknown>["heartbeat"]): { again(): void; stop(): void } {
  if (how === undefined) return { again() {}, stop() {} };
  const { clock, text } = how;
  let cancel = (): void => {};
  function again(): void {
    cancel();
    cancel = clock.after(HEARTBEAT_MILLISECONDS, () => {
      if (body.destroyed) return;
      if (!body.writableNeedDrain) body.write(text());
      again();
    });
  }
  return { again, stop: () => cancel() };
}
