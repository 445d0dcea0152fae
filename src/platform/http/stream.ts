import { PassThrough } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Json } from "../../kernel/json.ts";
import { problemDocument } from "./problem.ts";

/** Bytes that wait for a slow reader; then the source is asked for no more. */
const WAITING_BYTES = 64 * 1024;

/**
 * Answers with one JSON value a line (NDJSON) for as long as `lines` goes on. `open` gets a signal that ends when the reader goes away or
 * the server closes. An error before the first line is an ordinary problem; later it is the last line, `{"problem": …}`.
 */
export async function sendLines(
  reply: FastifyReply,
  closing: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<Json | object>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, closing]);
  const lines = open(signal)[Symbol.asyncIterator]();
  const body = new PassThrough({ highWaterMark: WAITING_BYTES });
  body.on("close", () => gone.abort());
  void pump();
  return reply.type("application/x-ndjson").send(body);

  async function pump(): Promise<void> {
    try {
      // An empty line sends the headers, so that a reader knows it listens.
      body.write("\n");
      for (;;) {
        const next = await lines.next();
        if (next.done === true || signal.aborted) break;
        if (!body.write(`${JSON.stringify(next.value)}\n`)) await drained();
      }
    } catch (error) {
      if (!body.destroyed) body.write(`${JSON.stringify({ problem: problemDocument(error) })}\n`);
    } finally {
      body.end();
      await lines.return?.();
    }
  }

  function drained(): Promise<void> {
    return new Promise((resolve) => {
      body.once("drain", resolve);
      body.once("close", resolve);
    });
  }
}
