import { closeSync, constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

/**
 * The reading end of a launcher's FIFO. What a short command wrote is read when it has ended: no event for the event loop, no socket to be
 * made. From a longer one, output is taken as it comes.
 */
export interface OutputPipe {
  /** Reads as it comes, to the end: until nobody can write any more. */
  live(take: (chunk: Buffer) => Promise<void>): Promise<void>;
  /** The same, for a command that has ended: what it wrote is all there. */
  rest(take: (chunk: Buffer) => Promise<void>): Promise<void>;
  /** Ready for the next command: nobody can write any more. */
  clean(): boolean;
  /** Opens it again, if it was closed. */
  open(): void;
  close(): void;
}

/** Bytes; what a pipe of Linux holds. */
const PIECE = 64 * 1024;
const scratch = Buffer.allocUnsafe(PIECE);

export function openPipe(path: string): OutputPipe {
  let fd: number | undefined;
  let socket: Socket | undefined;
  let clean = true;

  function open(): void {
    clean = true;
    // Without waiting for a writer; reading then ends at once when there is none.
    fd ??= openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  async function live(take: (chunk: Buffer) => Promise<void>): Promise<void> {
    if (fd === undefined) return;
    clean = false;
    const own = new Socket({ fd, readable: true, writable: false });
    // From now on the socket closes it.
    fd = undefined;
    socket = own;
    try {
      for await (const chunk of own) await take(chunk as Buffer);
      clean = true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    } finally {
      own.destroy();
    }
  }

  async function rest(take: (chunk: Buffer) => Promise<void>): Promise<void> {
    for (;;) {
      if (fd === undefined) return;
      let size: number;
      try {
        size = readSync(fd, scratch);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        // Somebody the command left behind still has it.
        return live(take);
      }
      if (size === 0) return;
      clean = false;
      await take(Buffer.from(scratch.subarray(0, size)));
      clean = true;
    }
  }

  return {
    live,
    rest,
    clean: () => clean,
    open,
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
      socket?.destroy();
    },
  };
}
