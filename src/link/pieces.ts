import type { Readable } from "node:stream";
import { alignedBuffer } from "../platform/files/index.ts";

/** What comes from the network in thousands of parts, handed on in few. */

/** Bytes of a piece. */
const PIECE = 512 * 1024;

/** Collects parts into pieces. Two buffers take turns, so that a gigabyte needs no more memory than a megabyte. */
export interface Collector {
  /** A part; it may be used again when this returns. False: no more for now, until `resume` is called. A few more do no harm. */
  put(part: Uint8Array): boolean;
  /** No more comes; with an error, because something broke. */
  end(error?: Error): void;
  /** Each is good until the next is asked for. Throws the error after all that came before it. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** @param resume lets parts come again */
export function createCollector(resume: () => void): Collector {
  const buffers = [alignedBuffer(PIECE), alignedBuffer(PIECE)] as const;
  let turn = 0;
  let filled = 0;
  /** What did not fit. */
  let rest: Buffer = Buffer.alloc(0);
  let over: { readonly error?: Error } | undefined;
  let ready = Promise.withResolvers<void>();

  function put(part: Uint8Array): boolean {
    const taken = Math.min(part.length, PIECE - filled);
    buffers[turn]!.set(taken === part.length ? part : part.subarray(0, taken), filled);
    filled += taken;
    if (filled < PIECE) return true;
    if (taken < part.length) rest = Buffer.concat([rest, part.subarray(taken)]);
    ready.resolve();
    return false;
  }

  return {
    put,
    end(error) {
      over ??= error === undefined ? {} : { error };
      ready.resolve();
    },
    async *pieces() {
      for (;;) {
        if (filled < PIECE && over === undefined) await ready.promise;
        const piece = buffers[turn]!.subarray(0, filled);
        if (filled < PIECE && over !== undefined) {
          // What came before the end counts, however it ended.
          if (piece.length > 0) yield piece;
          if (over.error !== undefined) throw over.error;
          return;
        }
        turn = 1 - turn;
        filled = 0;
        ready = Promise.withResolvers<void>();
        const waiting = rest;
        rest = Buffer.alloc(0);
        if (waiting.length === 0 || put(waiting)) resume();
        yield piece;
      }
    },
  };
}

/** The bytes of a stream in large pieces, each good until the next is asked for. Throws what it fails with, also when it ends too early. */
export async function* inLargePieces(stream: Readable): AsyncGenerator<Uint8Array> {
  const collector = createCollector(() => stream.resume());
  stream.on("data", (chunk: Buffer) => {
    if (!collector.put(chunk)) stream.pause();
  });
  stream.once("end", () => collector.end());
  // It is heard also when nobody reads any more.
  stream.on("error", (error) => collector.end(error));
  stream.once("close", () => collector.end(new Error("the connection broke off")));
  yield* collector.pieces();
}
