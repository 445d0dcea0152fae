import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import { generationOf, keyName, NotSealedHere, open, packed, seal, unpacked } from "./seal.ts";

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyContext = fc.array(fc.string({ maxLength: 20 }), { maxLength: 6 });
const anyGeneration = fc.integer({ min: 0, max: 2 ** 32 - 1 });

function opens(key: Uint8Array, sealed: Buffer, context: readonly string[]): boolean {
  try {
    return open(key, sealed, context).toString() === "value";
  } catch {
    return false;
  }
}

describe("a sealed value", () => {
  it("opens with its key in its context, and names its generation", () => {
    fc.assert(
      fc.property(
        anyKey,
        anyGeneration,
        fc.uint8Array({ maxLength: 2000 }),
        anyContext,
        (key, number, bytes, context) => {
          const sealed = seal(key, number, bytes, context, systemRandom);
          expect(generationOf(sealed)).toBe(number);
          expect(open(key, sealed, context).equals(bytes)).toBe(true);
        },
      ),
    );
  });

  it("does not open when any byte of it was changed, cut off or added", () => {
    const change = fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(
        anyKey,
        fc.uint8Array({ maxLength: 200 }),
        anyContext,
        change,
        (key, bytes, context, { at, bits }) => {
          const sealed = seal(key, 7, bytes, context, systemRandom);
          const place = at % sealed.length;
          const tampered = Buffer.from(sealed);
          tampered[place]! ^= bits;
          for (const wrong of [tampered, sealed.subarray(0, place), Buffer.concat([sealed, Buffer.of(bits)])])
            expect(() => open(key, wrong, context)).toThrow(NotSealedHere);
        },
      ),
    );
  });

  it("does not open in any other context, or with another key", () => {
    fc.assert(
      fc.property(anyKey, anyKey, anyContext, anyContext, (key, other, context, elsewhere) => {
        const sealed = seal(key, 1, Buffer.from("value"), context, systemRandom);
        expect(opens(key, sealed, elsewhere)).toBe(JSON.stringify(context) === JSON.stringify(elsewhere));
        expect(opens(other, sealed, context)).toBe(Buffer.from(key).equals(other));
      }),
    );
  });

  it("does not open where the same letters are parted in another way", () => {
    const key = Buffer.alloc(32, 1);
    const sealed = seal(key, 1, Buffer.from("value"), ["ab", "c"], systemRandom);
    for (const other of [["a", "bc"], ["abc"], ["ab", "c", ""], ["ab"]])
      expect(() => open(key, sealed, other)).toThrow(NotSealedHere);
  });

  it("never looks the same twice", () => {
    const key = Buffer.alloc(32, 1);
    const seen = new Set(
      Array.from({ length: 1000 }, () => seal(key, 1, Buffer.from("v"), [], systemRandom).toString("hex")),
    );
    expect(seen.size).toBe(1000);
  });
});

describe("a data key", () => {
  it("is known for that of its tenant and generation", () => {
    const key = Buffer.alloc(32, 5);
    const bytes = packed(key, "t1", 3);
    expect(unpacked(bytes, "t1", 3).equals(key)).toBe(true);
    expect(() => unpacked(bytes, "t2", 3)).toThrow(NotSealedHere);
    expect(() => unpacked(bytes, "t1", 2)).toThrow(NotSealedHere);
    expect(() => unpacked(bytes.subarray(1), "t1", 3)).toThrow(NotSealedHere);
  });

  it("has a name of its own", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (one, other) => {
        expect(keyName(one) === keyName(other)).toBe(Buffer.from(one).equals(other));
        expect(keyName(one)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });
});
