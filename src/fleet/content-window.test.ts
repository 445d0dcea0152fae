import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contentWindow } from "./content-window.ts";

/** More than a window keeps. */
const SIZE = 26 * 1024 * 1024 + 123;
const bytes = Buffer.from(
  Uint32Array.from({ length: Math.ceil(SIZE / 4) }, (_, index) => index * 2654435761).buffer,
).subarray(0, SIZE);

let folder: string;
let path: string;
let handle: FileHandle;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-window-"));
  path = join(folder, "content");
  writeFileSync(path, bytes);
  handle = await open(path, "r");
});
afterEach(async () => {
  await handle.close();
  rmSync(folder, { recursive: true });
});

describe("a window on content", () => {
  it("gives each transfer its bytes, which stay until it releases them, however far apart they are", async () => {
    const transfer = fc.record({ from: fc.nat(SIZE), laziness: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(transfer, { minLength: 1, maxLength: 4 }), async (transfers) => {
        const window = contentWindow();
        await Promise.all(
          transfers.map(async ({ from, laziness }) => {
            let position = from;
            while (position < SIZE) {
              const piece = await window.take("content", { handle, size: SIZE }, position);
              for (let turn = 0; turn < laziness; turn += 1) await new Promise((resolve) => setImmediate(resolve));
              expect(Buffer.compare(piece.bytes, bytes.subarray(position, position + piece.bytes.length))).toBe(0);
              position += piece.bytes.length;
              piece.release();
            }
          }),
        );
      }),
      { numRuns: 10 },
    );
  });

  it("reads once what transfers side by side send", async () => {
    const read = vi.spyOn(handle, "read");
    const window = contentWindow();
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        for (let position = 0; position < SIZE;) {
          const piece = await window.take("content", { handle, size: SIZE }, position);
          position += piece.bytes.length;
          await new Promise((resolve) => setImmediate(resolve));
          piece.release();
        }
      }),
    );
    expect(read).toHaveBeenCalledTimes(Math.ceil(SIZE / (1024 * 1024)));
  });

  it("fails for a file that became shorter, and not for the next one", async () => {
    const window = contentWindow();
    truncateSync(path, 100);
    await expect(window.take("content", { handle, size: SIZE }, 0)).rejects.toThrow("shorter");
    writeFileSync(path, bytes);
    const piece = await window.take("content", { handle, size: SIZE }, 0);
    expect(Buffer.compare(piece.bytes, bytes.subarray(0, piece.bytes.length))).toBe(0);
    piece.release();
  });
});
