import type { Readable } from "node:stream";

/** Bytes of a piece: what comes from the network in thousands of parts is handed on in few. */
const PIECE = 512 * 1024;

/**
 * The bytes of a stream in large pieces. Two buffers take turns, so that a gigabyte needs no more memory than a megabyte: a piece is good
 * until the next one is asked for. Throws what the stream fails with, also when it ends too early.
 */
export async function* inLargePieces(stream: Readable): AsyncGenerator<Uint8Array> {
  const buffers = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)] as const;
  let turn = 0;
  let filled = 0;
  /** What did not fit: at most one chunk of the stream, which is paused by then. */
  let rest: Buffer = Buffer.alloc(0);
  let over: { readonly error?: Error } | undefined;
  let ready = Promise.withResolvers<void>();

  function put(chunk: Buffer): void {
    const taken = chunk.copy(buffers[turn]!, filled);
    filled += taken;
    if (filled < PIECE) return;
    rest = rest.length === 0 ? chunk.subarray(taken) : Buffer.concat([rest, chunk.subarray(taken)]);
    stream.pause();
    ready.resolve();
  }
  function end(error?: Error): void {
    over ??= error === undefined ? {} : { error };
    ready.resolve();
  }
  function closed(): void {
    end(new Error("the connection broke off"));
  }
  stream.on("data", put);
  stream.once("end", () => end());
  stream.once("error", end);
  stream.once("close", closed);
  try {
    for (;;) {
      if (filled < PIECE && over === undefined) await ready.promise;
      // What came before the end counts, however it ended.
      const piece = buffers[turn]!.subarray(0, filled);
      if (filled < PIECE && over !== undefined) {
        if (piece.length > 0) yield piece;
        if (over.error !== undefined) throw over.error;
        return;
      }
      turn = 1 - turn;
      filled = 0;
      ready = Promise.withResolvers<void>();
      const waiting = rest;
      rest = Buffer.alloc(0);
      if (waiting.length > 0) put(waiting);
      if (filled < PIECE) stream.resume();
      yield piece;
    }
  } finally {
    stream.off("data", put);
    // Nobody is left to hear it fail.
    stream.on("error", () => undefined);
  }
}
