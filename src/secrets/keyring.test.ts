import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, NO_RIGHTS, SERVER_CHAIN } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { systemRandom } from "../kernel/ids.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { fileKeys } from "./file-key.ts";
import { createKeyring } from "./keyring.ts";
import type { Secrets } from "./secrets.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS, type TestRoom } from "./testing/room.ts";

const VALUE = "a value";
const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 8).toString("base64");

let room: TestRoom;
let id: string;

beforeEach(async () => {
  room = await openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS));
  id = (await keep(room.secrets, "db")).id;
});

function keep(secrets: Secrets, name: string): Promise<{ readonly id: string }> {
  const owner = { kind: "tenant", name: "default" } as const;
  const data = { name, owner, kind: "text", value: Buffer.from(VALUE), description: "", expiresAt: null } as const;
  return secrets.service.create(ADMINISTRATOR, data);
}

async function read(secrets: Secrets): Promise<string | undefined> {
  return (await secrets.service.value(ADMINISTRATOR, id)).value.text();
}

function keyFile(name = "master.key"): string {
  return join(room.folder, name);
}

describe("the master key", () => {
  it("is made at the first start, for its owner alone, and found at the next one", async () => {
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(keyFile(), "utf8"), "base64")).toHaveLength(32);
    const before = readFileSync(keyFile(), "utf8");
    const next = await room.again();
    expect(await read(next)).toBe(VALUE);
    expect(readFileSync(keyFile(), "utf8")).toBe(before);
    expect((await next.keys.status(ADMINISTRATOR)).masterKey?.id).not.toContain(before.slice(0, 8));
  });

  it("of another is told from the right one without opening a secret; the rest goes on, and the right one brings all back", async () => {
    renameSync(keyFile(), keyFile("kept"));
    writeFileSync(keyFile(), OTHER_KEY, { mode: 0o600 });
    const next = await room.again();
    const status = await next.keys.status(ADMINISTRATOR);
    const needed = (await room.secrets.keys.status(ADMINISTRATOR)).masterKey;
    expect(status).toMatchObject({ state: "locked", masterKey: needed, secrets: 1 });
    expect(status.reason).toContain("holds another key");
    for (const work of [
      () => read(next),
      () => keep(next, "other"),
      () => next.service.open(ADMINISTRATOR, id, {}),
      () => next.sealer.seal("t", Buffer.of(1), []),
      () => next.keys.rotateData(ADMINISTRATOR),
      () => next.keys.rotateMaster(ADMINISTRATOR),
      () => next.keys.unlock(),
    ])
      await expect(work()).rejects.toMatchObject({
        code: "secrets_locked",
        message: expect.stringContaining(needed!.id),
      });
    // Where the key is looked for is not everybody's to know.
    const rights = { ...NO_RIGHTS, at: () => true };
    const told = await next.keys.status({ ...ADMINISTRATOR, kind: "person", rights });
    expect(told).toMatchObject({ state: "locked", masterKey: { id: needed!.id, source: null } });
    expect(told.reason).not.toContain(room.folder);
    expect((await next.service.list(ADMINISTRATOR, { limit: 9 })).items).toHaveLength(1);
    expect(await next.service.get(ADMINISTRATOR, id)).toMatchObject({ name: "db" });
    renameSync(keyFile("kept"), keyFile());
    await next.keys.unlock();
    expect(await read(next)).toBe(VALUE);
  });

  it("that is missing is not made anew while there are secrets, and looked for again by itself", async () => {
    renameSync(keyFile(), keyFile("kept"));
    const next = await room.again();
    expect(next.state()).toMatchObject({ state: "locked", reason: expect.stringContaining("there is no file") });
    expect(existsSync(keyFile())).toBe(false);
    renameSync(keyFile("kept"), keyFile());
    room.clock.advance(10_000);
    await next.keys.unlock();
    expect(await read(next)).toBe(VALUE);
  });

  it("in a file that others may read, or that is no key, is not used", async () => {
    chmodSync(keyFile(), 0o644);
    expect((await room.again()).state().reason).toContain("may be read by others");
    chmodSync(keyFile(), 0o600);
    writeFileSync(keyFile(), "short");
    expect((await room.again()).state().reason).toContain("does not hold 32 bytes in base64");
  });

  it("comes by the environment, with the one before it while going over", async () => {
    const database = await openSqlite(SECRET_ROOM_MIGRATIONS);
    const now = { environment: { now: KEY, before: undefined } };
    room = await openRoom(database, now);
    id = (await keep(room.secrets, "db")).id;
    expect(readdirSync(room.folder)).toEqual([]);
    await expect(room.secrets.keys.rotateMaster(ADMINISTRATOR)).rejects.toMatchObject({ code: "master_key_unchanged" });
    expect((await room.again({ environment: { now: OTHER_KEY, before: undefined } })).state().state).toBe("locked");
    const next = await room.again({ environment: { now: OTHER_KEY, before: KEY } });
    expect(await read(next)).toBe(VALUE);
    expect(await next.keys.rotateMaster(ADMINISTRATOR)).toMatchObject({ source: "environment", dataKeys: 1 });
    expect(await read(await room.again({ environment: { now: OTHER_KEY, before: undefined } }))).toBe(VALUE);
    expect((await room.again(now)).state().state).toBe("locked");
  });
});

describe("going over to a new master key", () => {
  it("wraps every data key anew, keeps the old file for old backups, and is audited", async () => {
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    const before = (await room.secrets.keys.status(ADMINISTRATOR)).masterKey!.id;
    const old = readFileSync(keyFile(), "utf8");
    const change = await room.secrets.keys.rotateMaster(ADMINISTRATOR);
    expect(change).toMatchObject({ before, dataKeys: 2, configured: true });
    expect(readFileSync(keyFile(), "utf8")).not.toBe(old);
    expect(readFileSync(keyFile(`master.key.${before}`), "utf8")).toBe(old);
    expect(readdirSync(room.folder).sort()).toEqual(["master.key", `master.key.${before}`]);
    expect(await read(room.secrets)).toBe(VALUE);
    const next = await room.again();
    expect(await read(next)).toBe(VALUE);
    const [entry] = await room.parts.audit.entriesOf(room.database.kysely, SERVER_CHAIN, { from: 1, to: 9 });
    expect(entry).toMatchObject({ action: "secret.master_key_rotated", subject: { id: change.id }, data: { before } });
  });

  it("that was cut off at any point leaves the key that is asked for", async () => {
    const provider = fileKeys(keyFile(), systemRandom);
    // Before the commit: a new file, and the database asks for the old key.
    await provider.next();
    expect(readdirSync(room.folder).sort()).toEqual(["master.key", "master.key.next"]);
    expect(await read(await room.again())).toBe(VALUE);
    expect(readdirSync(room.folder)).toEqual(["master.key"]);
    // After the commit, before the file got its name.
    const { database, clock } = room;
    const parts = { database, clock, random: systemRandom, log: silentLogger() };
    const cut = { ...provider, settle: () => Promise.reject(new Error("the machine stopped")) };
    const ring = createKeyring({ ...parts, provider, providerOf: () => provider });
    await ring.start();
    await ring.goOver(cut);
    ring.stop();
    expect(readdirSync(room.folder).sort()).toEqual(["master.key", "master.key.next"]);
    expect(await read(await room.again())).toBe(VALUE);
    expect(readdirSync(room.folder)).toHaveLength(2);
    expect(existsSync(keyFile("master.key.next"))).toBe(false);
  });

  it("goes to another place, which the configuration should name from then on", async () => {
    const place = keyFile("elsewhere.key");
    const change = await room.secrets.keys.rotateMaster(ADMINISTRATOR, `file:${place}`);
    expect(change).toMatchObject({ source: `file:${place}`, configured: false });
    expect(await read(await room.again())).toBe(VALUE);
    expect(await read(await room.again({ source: `file:${place}` }))).toBe(VALUE);
    await expect(room.secrets.keys.rotateMaster(ADMINISTRATOR, "fil:/x")).rejects.toMatchObject({
      code: "master_key_source_invalid",
      message: expect.stringContaining("did you mean 'file'?"),
    });
  });

  it("opens what a database from before it holds, with the old key file", async () => {
    const old = await room.database.kysely.selectFrom("master_key").selectAll().execute();
    const oldKeys = await room.database.kysely.selectFrom("data_key").selectAll().execute();
    await room.secrets.keys.rotateMaster(ADMINISTRATOR);
    await room.database.transaction(async (tx) => {
      await tx.updateTable("master_key").set({ current: 0 }).execute();
      await tx.updateTable("master_key").set({ current: 1 }).where("id", "=", old[0]!.id).execute();
      await tx.updateTable("data_key").set({ wrapped: oldKeys[0]!.wrapped, master_key_id: old[0]!.id }).execute();
    });
    expect(await read(await room.again())).toBe(VALUE);
  });

  it("is noticed by another server on the same database", async () => {
    const other = await room.again();
    await room.secrets.keys.rotateMaster(ADMINISTRATOR);
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    await room.secrets.settled();
    expect(await read(other)).toBe(VALUE);
    expect(await other.keys.rotateData(ADMINISTRATOR)).toBe(3);
  });
});

describe("data keys", () => {
  it("of tenants cannot be exchanged in the database", async () => {
    await room.secrets.sealer.seal("other", Buffer.of(1), []);
    const { kysely } = room.database;
    const other = await kysely
      .selectFrom("data_key")
      .selectAll()
      .where("tenant_id", "=", "other")
      .executeTakeFirstOrThrow();
    await kysely
      .updateTable("data_key")
      .set({ wrapped: other.wrapped })
      .where("tenant_id", "=", DEFAULT_TENANT.id)
      .execute();
    await expect(read(await room.again())).rejects.toMatchObject({ code: "secret_damaged" });
  });

  it("are renewed before they have sealed too often", async () => {
    const { database, clock } = room;
    const provider = fileKeys(keyFile(), systemRandom);
    const parts = { database, clock, random: systemRandom, log: silentLogger() };
    const ring = createKeyring({ ...parts, provider, providerOf: () => provider, mostSeals: 10 });
    await ring.start();
    const used = new Map<number, number>();
    for (let count = 0; count < 25; count += 1) {
      const { generation } = await ring.sealing("t", 1);
      used.set(generation, (used.get(generation) ?? 0) + 1);
    }
    expect([...used]).toEqual([
      [1, 10],
      [2, 10],
      [3, 5],
    ]);
    ring.stop();
  });

  it("are one, when many want the first one at once", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => room.secrets.sealer.sealing("new", 1)));
    expect(new Set(all.map(({ generation }) => generation))).toEqual(new Set([1]));
    expect(await room.secrets.keys.rotateData({ ...ADMINISTRATOR, tenantId: "new" })).toBe(2);
  });
});

it("a copy of the key file alone opens the database elsewhere", async () => {
  const copy = join(room.folder, "copy.key");
  copyFileSync(keyFile(), copy);
  chmodSync(copy, 0o600);
  rmSync(keyFile());
  expect(await read(await room.again({ source: `file:${copy}` }))).toBe(VALUE);
});
