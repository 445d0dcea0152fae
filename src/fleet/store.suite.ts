import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { auditMigrations, createAudit } from "../access/index.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createKeyPair, hashSecret, parseJoinToken, signJoin } from "../link/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { deleteUnusedAdverts, selectAllAdverts } from "./advert-store.ts";
import { createAdverts } from "./adverts.ts";
import { createContentStore, grantContent, holderOf, isGranted } from "./content.ts";
import { admit, mintToken } from "./joining.ts";
import {
  deleteExecutor,
  deleteToken,
  insertRevoked,
  revokedAt,
  saveSightings,
  selectByFoundation,
  selectExecutor,
  selectExecutors,
  selectToken,
  selectTokens,
} from "./store.ts";
import { fleetMigrations } from "./schema.ts";

const DAY = 24 * 60 * 60 * 1000;

/** What the fleet keeps, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  beforeEach(async () => {
    database = await open([...auditMigrations, ...fleetMigrations]);
    clock = manualClock(1_000_000_000_000);
  });

  function parts() {
    return {
      database,
      clock,
      random: systemRandom,
      pin: () => "A".repeat(43),
      audit: createAudit({ database, clock }),
    };
  }

  function request(
    token: string,
    keys = createKeyPair(),
    more: { kind?: "agent" | "worker"; name?: string; site?: string } = {},
  ) {
    const { secret } = parseJoinToken(token);
    return {
      secret,
      kind: more.kind ?? ("agent" as const),
      name: more.name ?? "node1",
      ...(more.site === undefined ? {} : { site: more.site }),
      publicKey: keys.publicKey,
      signature: signJoin(keys.privateKey, secret),
    };
  }

  async function token(more: Partial<Parameters<typeof mintToken>[1]> = {}): Promise<string> {
    return (await mintToken(parts(), { tenantId: "t", kind: "agent", expiresIn: 60, ...more })).token;
  }

  describe("joining", () => {
    it("takes a token once, and gives the same answer to the same key again", async () => {
      const text = await token();
      const keys = createKeyPair();
      const first = await admit(parts(), request(text, keys));
      expect(first).toMatchObject({ name: "node1", kind: "agent", publicKey: keys.publicKey, foundationId: null });
      expect(await admit(parts(), request(text, keys))).toEqual(first);
      await expect(admit(parts(), request(text))).rejects.toMatchObject({ code: "join_token_used" });
      expect(await selectExecutors(database.kysely, "t", "", 10)).toHaveLength(1);
    });

    it("lets only one of two in that use a token at the same time", async () => {
      const text = await token();
      const both = await Promise.allSettled([admit(parts(), request(text)), admit(parts(), request(text))]);
      expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    it("stores no token, only its hash", async () => {
      const text = await token();
      const { secret } = parseJoinToken(text);
      const row = await selectToken(database.kysely, hashSecret(secret));
      expect(row).toMatchObject({ kind: "agent", used_at: null });
      expect(JSON.stringify(row)).not.toContain(secret);
    });

    it("refuses tokens that are unknown, too old, for something else, or not the key's owner", async () => {
      const text = await token();
      clock.advance(60_000);
      await expect(admit(parts(), request(text))).rejects.toMatchObject({ code: "join_token_expired" });
      const unknown = `gantry-join-${"x".repeat(24)}.${"A".repeat(43)}`;
      await expect(admit(parts(), request(unknown))).rejects.toMatchObject({ code: "join_token_wrong" });
      await expect(admit(parts(), request(await token(), createKeyPair(), { kind: "worker" }))).rejects.toMatchObject({
        code: "join_token_wrong",
        message: "the join token is for an agent, not for a worker",
      });
      const stolen = { ...request(await token()), publicKey: createKeyPair().publicKey };
      await expect(admit(parts(), stolen)).rejects.toMatchObject({ code: "join_token_wrong" });
    });

    it("lets a worker work for the site it names, when that is the token's or one below", async () => {
      const sites = async () => ({
        names: new Map([
          ["region", "1"],
          ["rack", "2"],
          ["other", "3"],
        ]),
        below: (id: string) => (id === "1" ? ["1", "2"] : [id]),
      });
      let count = 0;
      const join = async (site: string | undefined, siteId?: string) => {
        const text = await token({ kind: "worker", ...(siteId === undefined ? {} : { siteId }) });
        count += 1;
        const more = { kind: "worker", name: `w${count}`, ...(site === undefined ? {} : { site }) } as const;
        return (await admit({ ...parts(), sites }, request(text, createKeyPair(), more))).siteId;
      };
      expect(await join(undefined)).toBeNull();
      expect(await join("rack")).toBe("2");
      expect(await join(undefined, "1")).toBe("1");
      expect(await join("region", "1")).toBe("1");
      expect(await join("rack", "1")).toBe("2");
      await expect(join("region", "2")).rejects.toMatchObject({
        code: "join_site_contradicts",
        message: "the join token is for site rack, and region is not below it",
      });
      await expect(join("rak")).rejects.toMatchObject({
        code: "join_site_unknown",
        message: "there is no site rak; did you mean rack?",
      });
      const agents = request(await token(), createKeyPair(), { site: "rack" });
      await expect(admit({ ...parts(), sites }, agents)).rejects.toMatchObject({ code: "join_site_contradicts" });
    });

    it("forgets tokens long after they expired, and keeps the others", async () => {
      const old = await token();
      clock.advance(8 * DAY);
      const fresh = await token();
      await expect(admit(parts(), request(old))).rejects.toMatchObject({ code: "join_token_wrong" });
      await admit(parts(), request(fresh));
    });

    it("gives the name the token says, and refuses one that is taken", async () => {
      expect(await admit(parts(), request(await token({ name: "chosen" })))).toMatchObject({ name: "chosen" });
      await expect(admit(parts(), request(await token(), createKeyPair(), { name: "chosen" }))).rejects.toMatchObject({
        code: "executor_name_taken",
      });
    });

    it("lets the new agent of a foundation take the old one's place and id", async () => {
      const old = await admit(parts(), request(await token({ foundationId: "f", name: "web1" })));
      const keys = createKeyPair();
      const fresh = await admit(parts(), request(await token({ foundationId: "f", name: "web1" }), keys));
      expect(fresh).toMatchObject({ id: old.id, publicKey: keys.publicKey });
      expect(await selectByFoundation(database.kysely, "f")).toEqual(fresh);
    });
  });

  describe("executors", () => {
    it("are listed by name, page by page, and only those of the tenant", async () => {
      for (const name of ["c", "a", "b"]) await admit(parts(), request(await token(), createKeyPair(), { name }));
      await admit(parts(), request(await token({ tenantId: "other" }), createKeyPair(), { name: "d" }));
      const names = async (after: string, limit: number) =>
        (await selectExecutors(database.kysely, "t", after, limit)).map(({ name }) => name);
      expect(await names("", 2)).toEqual(["a", "b"]);
      expect(await names("b", 2)).toEqual(["c"]);
    });

    it("are seen many at a time, and removed", async () => {
      const one = await admit(parts(), request(await token()));
      const modules = { agent: { limit: 3, functions: {} } };
      await saveSightings(database, [
        { id: one.id, seenAt: 5, version: "9", advert: createAdverts().take(modules), pin: "p", facts: { a: 1 } },
        { id: "gone", seenAt: 5, version: "", facts: {}, pin: "" },
      ]);
      expect(await selectExecutor(database.kysely, one.id)).toMatchObject({
        seenAt: 5,
        version: "9",
        modules,
        facts: { a: 1 },
      });
      // A heartbeat says no more than that it is there.
      await saveSightings(database, [{ id: one.id, seenAt: 6 }]);
      expect(await selectExecutor(database.kysely, one.id)).toMatchObject({
        seenAt: 6,
        version: "9",
        modules,
        pin: "p",
      });
      await deleteUnusedAdverts(database);
      expect(await selectAllAdverts(database.kysely)).toEqual([modules]);
      await database.transaction((tx) => deleteExecutor(tx, one.id));
      expect(await selectExecutor(database.kysely, one.id)).toBeUndefined();
      await deleteUnusedAdverts(database);
      expect(await selectAllAdverts(database.kysely)).toEqual([]);
    });
  });

  describe("what was revoked", () => {
    it("keeps a key out, with a fresh token, and with the one it had", async () => {
      const [keys, first, second] = [createKeyPair(), await token(), await token()];
      const record = await admit(parts(), request(first, keys));
      await database.transaction(async (tx) => {
        await insertRevoked(tx, record, 7);
        await deleteExecutor(tx, record.id);
        // Twice does no harm.
        await insertRevoked(tx, record, 8);
      });
      expect(await revokedAt(database.kysely, keys.publicKey)).toBe(7);
      for (const one of [first, second])
        await expect(admit(parts(), request(one, keys))).rejects.toMatchObject({ code: "executor_revoked" });
      expect(await admit(parts(), request(second))).toMatchObject({ name: "node1" });
    });

    it("is no token any more, and no longer listed", async () => {
      const [one, other] = [await mintToken(parts(), wish("t")), await mintToken(parts(), wish("t"))];
      await mintToken(parts(), wish("other"));
      const ids = async (after: string, limit: number) =>
        (await selectTokens(database.kysely, "t", after, limit)).map(({ id }) => id);
      expect(await ids("", 10)).toEqual([one.id, other.id].toSorted());
      expect(await ids([one.id, other.id].toSorted()[0]!, 10)).toHaveLength(1);
      expect(await database.transaction((tx) => deleteToken(tx, "other", one.id))).toBeUndefined();
      expect(await database.transaction((tx) => deleteToken(tx, "t", one.id))).toMatchObject({ id: one.id });
      expect(await ids("", 10)).toEqual([other.id]);
      await expect(admit(parts(), request(one.token))).rejects.toMatchObject({ code: "join_token_wrong" });
    });

    function wish(tenantId: string) {
      return { tenantId, kind: "agent" as const, expiresIn: 60 };
    }
  });

  describe("content", () => {
    it("is granted by name to one executor, as often as it is said, until that is gone", async () => {
      const record = await admit(parts(), request(await token()));
      const names = Array.from({ length: 1200 }, (_, index) => createHash("sha256").update(`${index}`).digest("hex"));
      const owned = names.map((sha256) => ({ tenant_id: record.tenantId, sha256, holder: "eve" }));
      for (const some of [owned.slice(0, 400), owned.slice(400, 800), owned.slice(800)])
        await database.kysely.insertInto("content_owner").values(some).execute();
      for (const some of [names, names.slice(0, 3), [], ["0".repeat(64)]])
        await grantContent(database.kysely, record, "eve", some);
      const granted = (executor: string, name: string) => isGranted(database.kysely, executor, name);
      expect([await granted(record.id, names[1199]!), await granted("another", names[0]!)]).toEqual([true, false]);
      expect(await granted(record.id, "0".repeat(64))).toBe(false);
      const other = { id: "another", tenantId: record.tenantId };
      expect(await grantContent(database.kysely, other, "paul", names.slice(0, 2))).toEqual([]);
      expect(await granted("another", names[0]!)).toBe(false);
      // An administrator's jobs, and the server's, may name all of the tenant's.
      expect(await grantContent(database.kysely, other, holderOf(null), names.slice(0, 1))).toEqual([names[0]]);
      await database.transaction((tx) => deleteExecutor(tx, record.id));
      expect(await granted(record.id, names[0]!)).toBe(false);
    });

    async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      return Buffer.concat(chunks);
    }

    it.each([0, 1, 256 * 1024, 256 * 1024 + 1, 1_500_000])("of %i bytes comes out as it went in", async (size) => {
      const store = createContentStore(parts());
      const bytes = Buffer.alloc(size, "0123456789");
      const pieces = Array.from({ length: Math.ceil(size / 100_000) }, (_, index) =>
        bytes.subarray(index * 100_000, (index + 1) * 100_000),
      );
      const kept = await store.keep("a-tenant", pieces);
      expect(kept).toEqual({ sha256: createHash("sha256").update(bytes).digest("hex"), size });
      expect((await bytesOf(store.read(kept.sha256))).equals(bytes)).toBe(true);
      expect(await store.find(kept.sha256)).toEqual(kept);
    });

    it("is kept once", async () => {
      const store = createContentStore(parts());
      const large = Buffer.alloc(600_000, "x");
      for (const bytes of [Buffer.from("small"), large, Buffer.from("small"), large])
        await store.put("a-tenant", bytes);
      await store.sweep();
      clock.advance(2 * DAY);
      await store.sweep();
      const { count } = await database.kysely
        .selectFrom("content_blob")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      expect(Number(count)).toBe(2);
    });

    it("goes on with an upload that broke off, and refuses what is not what its hash says", async () => {
      const folder = mkdtempSync(join(tmpdir(), "gantry-content-"));
      try {
        for (const store of [createContentStore(parts()), createContentStore({ ...parts(), folder })]) {
          const bytes = Buffer.alloc(1_500_000, `${folder}${Math.random()}`);
          const sha256 = createHash("sha256").update(bytes).digest("hex");
          const upload = { tenantId: "t", holder: "eve", by: "somebody", sha256, size: bytes.length };
          async function* broken(): AsyncIterable<Uint8Array> {
            yield bytes.subarray(0, 700_000);
            throw new Error("the connection broke");
          }
          await expect(store.receive({ ...upload, from: 0 }, broken())).rejects.toThrow("the connection broke");
          await expect(store.find(sha256)).rejects.toMatchObject({ code: "content_unknown" });
          const elsewhere = await store.receive({ ...upload, from: 0 }, some(bytes)).catch((error: unknown) => error);
          expect(elsewhere).toMatchObject({ code: "content_upload_elsewhere", details: { received: 2 * 256 * 1024 } });
          await store.receive({ ...upload, from: 2 * 256 * 1024 }, some(bytes.subarray(2 * 256 * 1024)));
          expect((await bytesOf(store.read(sha256))).equals(bytes)).toBe(true);
          expect((await bytesOf(store.read(sha256, 1_499_999))).equals(bytes.subarray(1_499_999))).toBe(true);
          expect(await store.known("t", "eve", [sha256, "0".repeat(64)])).toEqual([{ sha256, size: bytes.length }]);
          expect(await store.known("another", "eve", [sha256])).toEqual([]);
          // Somebody else of the same tenant has to bring it, too.
          expect(await store.known("t", "paul", [sha256])).toEqual([]);
          expect(await store.strange("t", "paul", [sha256])).toEqual([sha256]);
          await store.share("another", "paul", [sha256]);
          expect(await store.strange("another", "paul", [sha256])).toEqual([sha256]);
          await store.share("t", "paul", [sha256, "0".repeat(64)]);
          expect(await store.strange("t", "paul", [sha256, "0".repeat(64)])).toEqual(["0".repeat(64)]);
          const wrong = { ...upload, sha256: "1".repeat(64), from: 0 };
          await expect(store.receive(wrong, some(bytes))).rejects.toMatchObject({ code: "content_wrong" });
          const long = { ...upload, sha256: "1".repeat(64), size: 5, from: 0 };
          await expect(store.receive(long, some(bytes))).rejects.toMatchObject({ code: "content_too_large" });
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it("is not begun without bound: what is left unfinished counts by what it announced, until it ends or is swept", async () => {
      const store = createContentStore(parts());
      const bytes = Buffer.alloc(600_000, "z");
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const half = 256 * 1024 ** 3 - 1000;
      const begin = (by: string, size: number, tenantId = "t") =>
        store.receive(
          { tenantId, holder: by, by: `${tenantId} ${by}`, sha256, size, from: 0 },
          some(bytes.subarray(0, 10)),
        );
      // Announced larger than any may be, in parts.
      for (let number = 0; number < 16; number += 1)
        await expect(begin(`${number}`, Math.floor(half / 16))).rejects.toThrow("the upload ended after 10 of");
      await expect(begin("17", bytes.length)).rejects.toMatchObject({ code: "content_uploads_full" });
      // One that goes on is not kept from it, nor is another tenant.
      await expect(begin("1", Math.floor(half / 16))).rejects.toThrow("the upload ended after 10 of");
      await expect(begin("17", bytes.length, "another")).rejects.toThrow("the upload ended after 10 of");
      clock.advance(2 * DAY);
      await store.sweep();
      await store.receive(
        { tenantId: "t", holder: "17", by: "t 17", sha256, size: bytes.length, from: 0 },
        some(bytes),
      );
      expect(await store.find(sha256)).toMatchObject({ size: bytes.length });
    });

    it("that is large stands in a file, which goes with it", async () => {
      const folder = mkdtempSync(join(tmpdir(), "gantry-content-"));
      try {
        const store = createContentStore({ ...parts(), folder });
        const bytes = Buffer.alloc(3_000_000, "y");
        const sha256 = await store.put("t", bytes);
        expect(readdirSync(folder)).toHaveLength(1);
        expect((await bytesOf(store.read(sha256, 1))).equals(bytes.subarray(1))).toBe(true);
        // As after a backup was put back: the row is there and the file is not.
        for (const file of readdirSync(folder)) rmSync(join(folder, file));
        await expect(store.find(sha256)).rejects.toMatchObject({ code: "content_unknown" });
        await store.put("t", bytes);
        expect((await bytesOf(store.read(sha256))).equals(bytes)).toBe(true);
        clock.advance(40 * DAY);
        await store.sweep();
        expect(readdirSync(folder)).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    async function* some(bytes: Uint8Array): AsyncIterable<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    }

    it("that is unknown is an error", async () => {
      const store = createContentStore(parts());
      await expect(store.find("0".repeat(64))).rejects.toMatchObject({ code: "content_unknown" });
      await expect(bytesOf(store.read("0".repeat(64)))).rejects.toMatchObject({ code: "content_unknown" });
    });

    it("goes when nobody has used it for long, and stays when somebody has", async () => {
      const store = createContentStore(parts());
      const [used, unused] = [
        await store.put("a-tenant", Buffer.from("used")),
        await store.put("a-tenant", Buffer.from("unused")),
      ];
      clock.advance(20 * DAY);
      await bytesOf(store.read(used));
      clock.advance(15 * DAY);
      await store.sweep();
      expect((await bytesOf(store.read(used))).toString()).toBe("used");
      await expect(store.find(unused)).rejects.toMatchObject({ code: "content_unknown" });
    });
  });
}
