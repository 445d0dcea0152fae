import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackupKey, CHUNK_BYTES, type Header } from "./model.ts";
import { opened, sealed } from "./sealing.ts";

const KEY = { kind: "key", key: Buffer.alloc(32, 7) } satisfies BackupKey as BackupKey;
const HEADER: Header = {
  format: 1,
  gantry: "1.2.3",
  made: "2026-01-01T00:00:00.000Z",
  salt: Buffer.alloc(16, 1).toString("base64url"),
  scrypt: null,
};
const PASSPHRASE: BackupKey = { kind: "passphrase", passphrase: "correct horse" };
/** Less work than a real one asks for. */
const STRETCHED: Header = { ...HEADER, scrypt: { n: 16, r: 8, p: 1 } };

async function* stream(bytes: Uint8Array, step = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const bytes of source) found.push(bytes);
  return Buffer.concat(found);
}

const seal = (plain: Uint8Array, key = KEY, header = HEADER) => all(sealed(stream(plain), key, header));
const open = (file: Uint8Array, key = KEY) => all(opened(stream(file), key));

/** Three pieces, the last one short. */
const PLAIN = randomBytes(2 * CHUNK_BYTES + 100);

describe("a sealed stream", () => {
  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])(
    "opens again: %i bytes, however they come",
    async (length) => {
      const plain = randomBytes(length);
      const file = await all(sealed(stream(plain, 1000), KEY, HEADER));
      expect((await all(opened(stream(file, 777), KEY))).equals(plain)).toBe(true);
    },
  );

  it("opens with its passphrase, and with no other", async () => {
    const file = await seal(PLAIN, PASSPHRASE, STRETCHED);
    expect((await open(file, PASSPHRASE)).equals(PLAIN)).toBe(true);
    await expect(open(file, { kind: "passphrase", passphrase: "correct house" })).rejects.toMatchObject({
      code: "backup_key_wrong",
    });
    await expect(open(file, KEY)).rejects.toThrow(/sealed with a passphrase/);
    await expect(open(await seal(PLAIN), PASSPHRASE)).rejects.toThrow(/sealed with a key file/);
    await expect(open(await seal(PLAIN), { kind: "key", key: Buffer.alloc(32, 8) })).rejects.toMatchObject({
      code: "backup_key_wrong",
    });
  });

  it("holds nothing of what it seals, and nothing twice", async () => {
    const [first, second] = [await seal(Buffer.alloc(2 * CHUNK_BYTES)), await seal(Buffer.alloc(2 * CHUNK_BYTES))];
    expect(first.includes(Buffer.alloc(16))).toBe(false);
    const other = await seal(Buffer.alloc(CHUNK_BYTES), KEY, {
      ...HEADER,
      salt: Buffer.alloc(16, 2).toString("base64url"),
    });
    expect(second.includes(other.subarray(-100, -50))).toBe(false);
  });

  it("says that its end is missing, wherever it was cut", async () => {
    const file = await seal(PLAIN);
    const begin = file.length - PLAIN.length - 3 * 20;
    const cuts = [5, begin - 1, begin, begin + 2, begin + 100, begin + CHUNK_BYTES + 20, file.length - 1];
    for (const at of cuts)
      await expect(open(file.subarray(0, at)), `cut at ${at}`).rejects.toMatchObject({ code: "backup_truncated" });
  });

  it("says that it was changed, whichever bit it was", async () => {
    const file = await seal(randomBytes(CHUNK_BYTES + 50));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: file.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(file);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const code = await open(changed).then(
          () => "opened",
          (error: { code?: string }) => error.code,
        );
        expect(["backup_foreign", "backup_newer", "backup_key_wrong", "backup_damaged", "backup_truncated"]).toContain(
          code,
        );
      }),
      { numRuns: 300 },
    );
  });

  it("says which piece was changed, moved, or put behind its end", async () => {
    const file = await seal(PLAIN);
    const size = 4 + CHUNK_BYTES + 16;
    const begin = file.length - PLAIN.length - 3 * 20;
    const [head, one, two, three] = [
      file.subarray(0, begin),
      file.subarray(begin, begin + size),
      file.subarray(begin + size, begin + 2 * size),
      file.subarray(begin + 2 * size),
    ];
    await expect(open(Buffer.concat([head, two, one, three]))).rejects.toThrow(/piece 1 .*was changed/);
    await expect(open(Buffer.concat([head, one, three]))).rejects.toMatchObject({ code: "backup_damaged" });
    await expect(open(Buffer.concat([file, three]))).rejects.toThrow(/behind the end/);
    const changed = Buffer.from(file);
    changed[begin + size + 50]! ^= 1;
    await expect(open(changed)).rejects.toThrow(/piece 2 .*was changed/);
  });

  it("is told from what is no backup, and from a newer one", async () => {
    await expect(open(Buffer.from("PK\u0003\u0004"))).rejects.toMatchObject({ code: "backup_foreign" });
    await expect(open(Buffer.alloc(0))).rejects.toMatchObject({ code: "backup_foreign" });
    await expect(open(Buffer.from('gantry-backup\n{"format":2}\nx\n'))).rejects.toMatchObject({ code: "backup_newer" });
    await expect(open(Buffer.from(`gantry-backup\n${"x".repeat(10_000)}`))).rejects.toMatchObject({
      code: "backup_damaged",
    });
    // A header that asks for gigabytes.
    const greedy = JSON.stringify({ ...HEADER, scrypt: { n: 2 ** 30, r: 8, p: 1 } });
    await expect(open(Buffer.from(`gantry-backup\n${greedy}\nx\n`), PASSPHRASE)).rejects.toMatchObject({
      code: "backup_damaged",
    });
  });
});
