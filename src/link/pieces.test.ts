import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inLargePieces } from "./pieces.ts";

async function all(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of inLargePieces(stream)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe("large pieces of a stream", () => {
  it("are its bytes, whatever parts they come in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5_000_000 }), { maxLength: 6 }), async (sizes) => {
        const parts = sizes.map((size, index) => Buffer.alloc(size, `${index}-${size}`));
        expect((await all(Readable.from(parts))).equals(Buffer.concat(parts))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("hold what came before it broke, and then say so", async () => {
    const stream = new PassThrough();
    stream.write("before");
    const seen: string[] = [];
    setImmediate(() => stream.destroy());
    await expect(
      (async () => {
        for await (const piece of inLargePieces(stream)) seen.push(Buffer.from(piece).toString());
      })(),
    ).rejects.toThrow("broke off");
    expect(seen).toEqual(["before"]);
  });
});
