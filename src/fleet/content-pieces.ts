import { createHash } from "node:crypto";

/** Streams of bytes, cut to size. */

interface Head {
  /** Of the head; of all bytes when `whole`. */
  readonly sha256: string;
  readonly whole: boolean;
  /** All bytes, the head included; once. */
  all(): AsyncIterable<Uint8Array>;
}

/** Reads up to `limit` bytes ahead: what is not longer is known before anything is done with it. */
export async function takeSmall(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, limit: number): Promise<Head> {
  const iterator = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  let whole = false;
  while (size <= limit) {
    const next = await iterator.next();
    if (next.done === true) {
      whole = true;
      break;
    }
    head.push(next.value);
    size += next.value.length;
  }
  const hash = createHash("sha256");
  if (whole) for (const chunk of head) hash.update(chunk);
  return {
    sha256: hash.digest("hex"),
    whole,
    async *all() {
      yield* head;
      if (whole) return;
      try {
        for (;;) {
          const next = await iterator.next();
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await iterator.return?.();
      }
    },
  };
}

/** In pieces of exactly `size` bytes; only the last one may be shorter. */
export async function* inChunks(bytes: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    waiting.push(piece);
    length += piece.length;
    if (length < size) continue;
    let all = whole(waiting);
    while (all.length >= size) {
      yield all.subarray(0, size);
      all = all.subarray(size);
    }
    waiting = all.length === 0 ? [] : [all];
    length = all.length;
  }
  if (length > 0) yield whole(waiting);
}

function whole(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
