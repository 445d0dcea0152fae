/** The last bytes of a stream that may be long. */
export interface Tail {
  push(chunk: Uint8Array): void;
  /** As text, at most the last `bytes` of it. */
  text(bytes?: number): string;
  /** Something in front was dropped. */
  readonly cut: boolean;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

export function createTail(limit: number): Tail {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let cut = false;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= limit * 2) return;
      const kept = Buffer.concat(chunks).subarray(size - limit);
      chunks = [kept];
      size = kept.length;
      cut = true;
    },
    text(bytes = limit) {
      const all = chunks.length === 1 ? bufferOf(chunks[0]!) : Buffer.concat(chunks);
      // A character cut in half at the front would be shown as garbage: continuation bytes are skipped.
      let start = Math.max(0, all.length - bytes);
      while (start > 0 && start < all.length && (all[start]! & 0xc0) === 0x80) start += 1;
      return all.subarray(start).toString();
    },
    get cut() {
      return cut || size > limit;
    },
  };
}
