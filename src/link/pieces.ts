import type { Readable } from "node:stream";
import { alignedBuffer } from "../platform/files/index.ts";

/** What comes from the network in thousands of parts, handed on in few. */

/** Bytes of a piece. Each costs a write of its own and often a stop of the reading: with 512 KiB a node takes an eighth more processor time. */
const PIECE = 2 * 1024 * 1024;

/** Collects parts into pieces. Two buffers take turns, so that a gigabyte needs no more memory than they do. */
export interface Collector {
  /** A part; it may be used again when this returns. False: no more for now, until `resume` is called. A few more do no harm. */
  put(part: Uint8Array): boolean;
  /** No more comes; with an error, because something broke. */
  end(error?: Error): void;
  /** Each is good until the next is asked for. Throws the error after all that came before it. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Where the parts come from. */
export interface Source {
  /** Lets parts come again. */
  resume(): void;
  /** All pieces were taken, or no more are wanted. */
  close(): void;
}

export function createCollector(source: Source): Collector {
  const buffers = [alignedBuffer(PIECE), alignedBuffer(PIECE)] as const;
  let turn = 0;
  let filled = 0;
  /** What did not fit. */
  let rest: Buffer = Buffer.alloc(0);
  let over: { readonly error?: Error } | undefined;
  let ready = Promise.withResolvers<void>();
  /** Somebody waits for the piece that is being filled. */
  let awaited = false;
  let paused = false;

  function put(part: Uint8Array): boolean {
    const room = PIECE - filled;
    if (part.length < room) {
      buffers[turn]!.set(part, filled);
      filled += part.length;
      return true;
    }
    buffers[turn]!.set(part.length === room ? part : part.subarray(0, room), filled);
    filled = PIECE;
    if (part.length > room) rest = Buffer.concat([rest, part.subarray(room)]);
    // Who waits for a piece takes it before the next part comes: stopping and starting a socket for it would be in vain.
    paused = !awaited;
    awaited = false;
    ready.resolve();
    return !paused;
  }

  return {
    put,
    end(error) {
      over ??= error === undefined ? {} : { error };
      ready.resolve();
    },
    async *pieces() {
      try {
        for (;;) {
          if (filled < PIECE && over === undefined) {
            awaited = true;
            await ready.promise;
            awaited = false;
          }
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
          if ((waiting.length === 0 || put(waiting)) && paused) {
            paused = false;
            source.resume();
          }
          yield piece;
        }
      } finally {
        source.close();
      }
    },
  };
}

/**
 * The bytes of a stream in large pieces, each good until the next is asked for. The stream is destroyed when they were read, or are not read any
 * more. Throws what it fails with, also when it ends too early.
 */
export function inLargePieces(stream: Readable): AsyncGenerator<Uint8Array> {
  const collector = createCollector({ resume: () => stream.resume(), close: () => stream.destroy() });
  stream.on("data", (chunk: Buffer) => {
    if (!collector.put(chunk)) stream.pause();
  });
  stream.once("end", () => collector.end());
  // It is heard also when nobody reads any more.
  stream.on("error", (error) => collector.end(error));
  stream.once("close", () => collector.end(new Error("the connection broke off")));
  return collector.pieces();
}
