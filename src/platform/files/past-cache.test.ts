import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { alignedBuffer, BLOCK, writerPastCache } from "./past-cache.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-past-cache-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("writing past the cache", () => {
  it("writes the bytes it is given, wherever they lie and however many they are", async () => {
    const piece = fc.record({
      size: fc.oneof(
        fc.integer({ min: 1, max: 5 }).map((blocks) => blocks * BLOCK),
        fc.integer({ min: 1, max: 20_000 }),
      ),
      offset: fc.constantFrom(0, BLOCK, 7),
      fresh: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const path = join(folder, "file");
        const file = await open(path, "w+", 0o600);
        const writer = await writerPastCache(file);
        const expected: Buffer[] = [];
        let position = 0;
        for (const [index, { size, offset, fresh }] of pieces.entries()) {
          const memory = fresh ? Buffer.alloc(offset + size) : alignedBuffer(offset + size);
          const bytes = memory.subarray(offset).fill(`${index}.`);
          await writer.write(bytes, position);
          position += bytes.length;
          expected.push(bytes);
        }
        await writer.close();
        await file.close();
        expect(readFileSync(path).equals(Buffer.concat(expected))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("writes as usual where there is no such way, and says what fails", async () => {
    const file = await open("/dev/full", "w");
    const writer = await writerPastCache(file);
    await expect(writer.write(alignedBuffer(2 * BLOCK), 0)).rejects.toMatchObject({ code: "ENOSPC" });
    await writer.close();
    await file.close();
  });
});
