import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";

/** The reading end of a launcher's FIFO, for the output of a command that takes longer: it is taken as it comes. */
export interface OutputPipe {
  /** Reads as it comes, to the end: until nobody can write any more. */
  live(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void>;
  /** Ready for the next command: nobody can write any more. */
  clean(): boolean;
  /** Opens it again, if it was closed. */
  open(): void;
  close(): void;
}

/** Without waiting for a writer. */
export const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** @param path of a FIFO that is there when it is opened */
export function outputPipe(path: string): OutputPipe {
  let fd: number | undefined;
  let socket: Socket | undefined;
  let clean = true;

  return {
    async live(take) {
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
    },
    clean: () => clean,
    open() {
      clean = true;
      fd ??= openSync(path, READING);
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
      socket?.destroy();
    },
  };
}
