import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/**
 * Large files written past the kernel's cache: its memory stays with what the machine is there for, and the copy into it, which on a busy
 * machine costs more than all else, is spared. File systems that cannot do it get the bytes as usual.
 */

/** Bytes. Offsets, lengths and addresses of what goes past the cache are multiples of it: a page, and no disk has larger sectors. */
export const BLOCK = 4096;

/** Where buffers begin is not to be seen from here: those that begin at a page are known by name. */
const aligned = new WeakSet<ArrayBufferLike>();

/** A buffer that begins at a page. Costs a mapping of its own: to be used again and again. */
export function alignedBuffer(size: number): Buffer {
  // What can grow is mapped by the page, all else lies in the heap of C.
  const memory = new ArrayBuffer(size, { maxByteLength: size });
  aligned.add(memory);
  return Buffer.from(memory, 0, size);
}

export interface FileWriter {
  /** Bytes in an `alignedBuffer`, behind whole blocks, go past the cache; all others through it. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Leaves the file open, and what was written not yet durable. */
  close(): Promise<void>;
}

/** @param file open for writing */
export async function writerPastCache(file: FileHandle): Promise<FileWriter> {
  let past = await pastCache(file);

  async function close(): Promise<void> {
    const closing = past;
    past = undefined;
    await closing?.close();
  }

  return {
    async write(bytes, position) {
      let done = 0;
      if (past !== undefined && position % BLOCK === 0 && bytes.byteOffset % BLOCK === 0 && aligned.has(bytes.buffer)) {
        const whole = bytes.subarray(0, bytes.length - (bytes.length % BLOCK));
        try {
          await writeAll(past, whole, position);
          done = whole.length;
        } catch (error) {
          // Said only now by some: what is behind it has other blocks.
          if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
          await close();
        }
      }
      if (done < bytes.length) await writeAll(file, bytes.subarray(done), position + done);
    },
    close,
  };
}

/** The same file, opened once more by its number: its name may be another's by now. */
async function pastCache(file: FileHandle): Promise<FileHandle | undefined> {
  try {
    return await open(`/proc/self/fd/${file.fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return undefined;
  }
}

/** All of it, however many writes that takes. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
