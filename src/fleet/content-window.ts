import type { ContentFile } from "./content-files.ts";

/**
 * What several transfers of a file are sending at the same time is read once: a rollout sends the same to many nodes, which go on side by
 * side. Buffers are used again, because new ones of this size cost as much as reading into them.
 */

/** A part of a file. Good until it is released. */
export interface Piece {
  readonly bytes: Uint8Array;
  release(): void;
}

export interface ContentWindow {
  /** The bytes from `position` on up to the next multiple of a piece. Throws when the file is shorter than it was. */
  take(sha256: string, file: ContentFile, position: number): Promise<Piece>;
}

interface Slot {
  readonly key: string;
  readonly buffer: Buffer;
  readonly filled: Promise<unknown>;
  users: number;
}

/** Bytes of a piece. Smaller ones cost more calls, larger ones more memory for each that is slow. */
const PIECE = 1024 * 1024;
/**
 * Pieces kept for those who are a little behind, 24 MiB. Each transfer holds two more at most. For six nodes on a
 * busy machine a file is read 1.7 times; with 8 MiB it is read 2.8 times.
 */
const KEPT = 24;

export function contentWindow(): ContentWindow {
  /** The one used longest ago comes first. */
  const slots = new Map<string, Slot>();
  let inUse = 0;

  function release(slot: Slot): void {
    slot.users -= 1;
    inUse -= 1;
    if (inUse === 0) slots.clear();
    else if (slot.users === 0 && slots.size > KEPT) slots.delete(slot.key);
  }

  function freeBuffer(): Buffer {
    if (slots.size >= KEPT) {
      for (const slot of slots.values()) {
        if (slot.users > 0) continue;
        slots.delete(slot.key);
        return slot.buffer;
      }
    }
    return Buffer.allocUnsafeSlow(PIECE);
  }

  function slotOf(sha256: string, file: ContentFile, start: number): Slot {
    const key = `${sha256} ${start}`;
    const known = slots.get(key);
    slots.delete(key);
    const buffer = known?.buffer ?? freeBuffer();
    const slot = known ?? { key, buffer, filled: fill(buffer, file, start), users: 0 };
    slots.set(key, slot);
    return slot;
  }

  return {
    async take(sha256, file, position) {
      const start = position - (position % PIECE);
      const slot = slotOf(sha256, file, start);
      slot.users += 1;
      inUse += 1;
      try {
        await slot.filled;
      } catch (error) {
        // Nobody else shall fail by it.
        if (slots.get(slot.key) === slot) slots.delete(slot.key);
        release(slot);
        throw error;
      }
      const bytes = slot.buffer.subarray(position - start, Math.min(PIECE, file.size - start));
      return { bytes, release: () => release(slot) };
    },
  };
}

async function fill(buffer: Buffer, { handle, size }: ContentFile, start: number): Promise<void> {
  const wanted = Math.min(PIECE, size - start);
  for (let done = 0; done < wanted;) {
    const { bytesRead } = await handle.read(buffer, done, wanted - done, start + done);
    if (bytesRead === 0) throw new Error("the file is shorter than it was");
    done += bytesRead;
  }
}
