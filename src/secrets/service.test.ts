import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, NO_RIGHTS, rightsIn, type Permission, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import type { NewSecret } from "./service.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS, type TestRoom } from "./testing/room.ts";

let room: TestRoom;
beforeEach(async () => {
  room = await openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS));
});

const CANARY = "canary-4f2e9a";

function data(change: Partial<NewSecret> = {}): NewSecret {
  const owner = { kind: "site", name: "oslo" } as const;
  return { name: "db", owner, kind: "text", value: Buffer.from(CANARY), description: "", expiresAt: null, ...change };
}

/** Somebody with permissions at the site Oslo alone. */
function atOslo(...permissions: Permission[]): Principal {
  const tenantId = DEFAULT_TENANT.id;
  const rights = rightsIn([{ permissions, scope: { kind: "site", tenantId, id: "site-oslo" } }], tenantId) ?? NO_RIGHTS;
  return { kind: "person", name: "somebody", tenantId, rights, rightsIn: () => rights, accountId: "a1" };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error === undefined ? "done" : ((error as { code?: string }).code ?? String(error));
}

async function audited(): Promise<readonly (readonly [string, string, string])[]> {
  const entries = await room.parts.audit.entriesOf(room.database.kysely, DEFAULT_TENANT.id, { from: 1, to: 100 });
  return entries.map(({ actor, action, subject }) => [actor.name, action, subject.name]);
}

describe("a secret", () => {
  it("is kept, shown without its value, opened, replaced and removed", async () => {
    const { service } = room.secrets;
    const made = await service.create(ADMINISTRATOR, data());
    expect(made).toMatchObject({ name: "db", owner: { kind: "site", id: "site-oslo", name: "oslo" }, version: 1 });
    expect(JSON.stringify(await service.list(ADMINISTRATOR, { limit: 10 }))).not.toContain(CANARY);
    expect((await service.value(ADMINISTRATOR, made.id)).value.text()).toBe(CANARY);
    const after = await service.replace(ADMINISTRATOR, made.id, 1, data({ kind: "blob", value: Buffer.of(0, 255) }));
    expect(after).toMatchObject({ version: 2, kind: "blob", size: 2 });
    expect([...(await service.value(ADMINISTRATOR, made.id)).value.reveal()]).toEqual([0, 255]);
    await service.remove(ADMINISTRATOR, made.id, 2);
    expect(await codeOf(service.get(ADMINISTRATOR, made.id))).toBe("secret_unknown");
  });

  it("is sealed in the database, and its value is in no event and no audit", async () => {
    const { service } = room.secrets;
    const made = await service.create(ADMINISTRATOR, data(), "key-1");
    await service.value(ADMINISTRATOR, made.id);
    const { kysely } = room.database;
    const rows = [
      ...(await kysely.selectFrom("secret").selectAll().execute()),
      ...(await kysely.selectFrom("event").selectAll().execute()),
      ...(await kysely.selectFrom("audit_entries").selectAll().execute()),
    ];
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows)
      for (const value of Object.values(row as Record<string, unknown>)) {
        const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
        expect(bytes.includes(CANARY)).toBe(false);
      }
  });

  it("is audited when it is made, read, used, changed and removed", async () => {
    const { service } = room.secrets;
    const { id } = await service.create(ADMINISTRATOR, data());
    await service.value(ADMINISTRATOR, id);
    await service.open(atOslo("run.start"), id, { job: "j1" });
    await service.replace(ADMINISTRATOR, id, null, data());
    await service.remove(ADMINISTRATOR, id, null);
    const administrator = ADMINISTRATOR.name;
    expect(await audited()).toEqual([
      [administrator, "secret.created", "db"],
      [administrator, "secret.read", "db"],
      ["somebody", "secret.used", "db"],
      [administrator, "secret.changed", "db"],
      [administrator, "secret.deleted", "db"],
    ]);
  });

  it("is refused with a wrong name, owner, kind, size or version, and leaves nothing", async () => {
    const { service } = room.secrets;
    const wrong: Partial<NewSecret>[] = [
      { name: "a/b" },
      { owner: { kind: "site", name: "nowhere" } },
      { owner: { kind: "group", name: "oslo" } },
      { kind: "pem" },
      { value: new Uint8Array() },
      { kind: "blob", value: new Uint8Array(1024 * 1024 + 1) },
    ];
    for (const change of wrong)
      expect(await codeOf(service.create(ADMINISTRATOR, data(change)))).toBe("secret_invalid");
    const { id } = await service.create(ADMINISTRATOR, data());
    expect(await codeOf(service.create(ADMINISTRATOR, data()))).toBe("secret_name_taken");
    expect(await codeOf(service.replace(ADMINISTRATOR, id, 2, data()))).toBe("version_mismatch");
    expect(await codeOf(service.remove(ADMINISTRATOR, id, 2))).toBe("version_mismatch");
    expect((await service.list(ADMINISTRATOR, { limit: 10 })).items).toHaveLength(1);
  });

  it("is made once for an Idempotency-Key, and its value cannot be guessed from what is kept", async () => {
    const { service } = room.secrets;
    const first = await service.create(ADMINISTRATOR, data(), "k");
    expect(await service.create(ADMINISTRATOR, data(), "k")).toEqual(first);
    expect(await codeOf(service.create(ADMINISTRATOR, data({ value: Buffer.from("other") }), "k"))).toContain("reused");
    const prints = await Promise.all(
      [["a", "b"], ["a", "b"], ["ab"]].map((parts) => room.secrets.sealer.fingerprint(DEFAULT_TENANT.id, parts)),
    );
    expect(prints[0]).toBe(prints[1]);
    expect(prints[0]).not.toBe(prints[2]);
  });

  it("is not opened any more when it has expired", async () => {
    const { service } = room.secrets;
    const { id } = await service.create(ADMINISTRATOR, data({ expiresAt: room.clock.now() + 1000 }));
    expect((await service.value(ADMINISTRATOR, id)).value.text()).toBe(CANARY);
    room.clock.advance(1000);
    expect(await codeOf(service.value(ADMINISTRATOR, id))).toBe("secret_expired");
    expect(await codeOf(service.open(ADMINISTRATOR, id, {}))).toBe("secret_expired");
  });

  it("does not open when its row was moved to another owner, name or tenant, or changed", async () => {
    const { service } = room.secrets;
    const { id } = await service.create(ADMINISTRATOR, data());
    const { kysely } = room.database;
    const { sealed } = await kysely.selectFrom("secret").select("sealed").executeTakeFirstOrThrow();
    const tampered = Buffer.from(sealed);
    tampered[40]! ^= 1;
    const moves = [
      { owner_kind: "group", owner_id: "group-web" },
      { owner_id: "site-bergen" },
      { name: "other" },
      { sealed: tampered },
      { sealed: Buffer.of(1) },
    ];
    for (const move of moves) {
      const before = await kysely.selectFrom("secret").selectAll().executeTakeFirstOrThrow();
      await kysely.updateTable("secret").set(move).execute();
      expect(await codeOf(service.value(ADMINISTRATOR, id))).toBe("secret_damaged");
      await kysely.updateTable("secret").set(before).execute();
    }
    expect(await codeOf(service.value(ADMINISTRATOR, id))).toBe("done");
  });
});

describe("who may", () => {
  it("list is not who may read, and what may not be listed is not there", async () => {
    const { service } = room.secrets;
    const oslo = await service.create(ADMINISTRATOR, data());
    const bergen = await service.create(ADMINISTRATOR, data({ owner: { kind: "site", name: "bergen" } }));
    const tenant = await service.create(ADMINISTRATOR, data({ owner: { kind: "tenant", name: "default" } }));
    const viewer = atOslo("inventory.read", "secret.list");
    expect((await service.list(viewer, { limit: 10 })).items.map(({ id }) => id)).toEqual([oslo.id]);
    expect(await codeOf(service.value(viewer, oslo.id))).toBe("forbidden");
    expect(await codeOf(service.replace(viewer, oslo.id, null, data()))).toBe("forbidden");
    expect(await codeOf(service.remove(viewer, oslo.id, null))).toBe("forbidden");
    expect(await codeOf(service.create(viewer, data({ name: "x" })))).toBe("forbidden");
    const reader = atOslo("secret.list", "secret.read", "secret.write");
    expect(await codeOf(service.value(reader, oslo.id))).toBe("done");
    for (const { id } of [bergen, tenant])
      for (const work of [service.get(reader, id), service.value(reader, id), service.remove(reader, id, null)])
        expect(await codeOf(work)).toBe("secret_unknown");
    const elsewhere = data({ owner: { kind: "site", name: "bergen" } });
    expect(await codeOf(service.create(reader, elsewhere))).toBe("secret_invalid");
    expect((await audited()).filter(([, action]) => action === "secret.read")).toHaveLength(1);
  });

  it("see pages that are full, whatever lies between that may not be seen", async () => {
    const { service } = room.secrets;
    for (let count = 0; count < 12; count += 1)
      await service.create(
        ADMINISTRATOR,
        data({
          name: `n${String(count).padStart(2, "0")}`,
          owner: { kind: "site", name: count % 3 ? "bergen" : "oslo" },
        }),
      );
    const viewer = atOslo("secret.list");
    const first = await service.list(viewer, { limit: 3 });
    expect(first.items.map(({ name }) => name)).toEqual(["n00", "n03", "n06"]);
    const second = await service.list(viewer, { limit: 3, after: first.next ?? undefined });
    expect(second).toMatchObject({ items: [{ name: "n09" }], next: null });
    expect((await service.list(ADMINISTRATOR, { limit: 9, ownerKind: "site", owner: "bergen" })).items).toHaveLength(8);
    expect((await service.list(ADMINISTRATOR, { limit: 9, name: "n04" })).items).toHaveLength(1);
    expect(await codeOf(service.list(ADMINISTRATOR, { limit: 9, owner: "bergen" }))).toBe("secret_invalid");
  });
});

describe("for other rooms", () => {
  it("the nearest owner's secret of a name is found", async () => {
    const { service } = room.secrets;
    const keys = room.owners.map(({ kind, id }) => ({ kind, id }));
    const [tenant, oslo, , web, web1] = keys;
    const order = [web1!, web!, oslo!, tenant!];
    const tenantId = DEFAULT_TENANT.id;
    expect(await service.find(tenantId, order, "db")).toBeUndefined();
    await service.create(ADMINISTRATOR, data({ owner: { kind: "tenant", name: "default" } }));
    expect(await service.find(tenantId, order, "db")).toMatchObject({ owner: tenant });
    await service.create(ADMINISTRATOR, data({ owner: { kind: "group", name: "web" } }));
    expect(await service.find(tenantId, order, "db")).toMatchObject({ owner: web });
    expect(await service.find(tenantId, [oslo!], "db")).toBeUndefined();
    expect(await service.find("another", order, "db")).toBeUndefined();
  });

  it("bytes are sealed for a tenant and a context", async () => {
    const { sealer } = room.secrets;
    const sealed = await sealer.seal("t1", Buffer.from(CANARY), ["task", "1"]);
    expect((await sealer.open("t1", sealed, ["task", "1"])).toString()).toBe(CANARY);
    for (const [tenant, context] of [
      ["t2", ["task", "1"]],
      ["t1", ["task", "2"]],
    ] as const)
      expect(await codeOf(sealer.open(tenant, sealed, context))).toBe("secret_damaged");
    const two = await sealer.sealing("t1", 1);
    two.seal(Buffer.from("a"), []);
    expect(() => two.seal(Buffer.from("b"), [])).toThrow("nonces");
  });

  it("what belonged to an owner that is no more is hidden at once, and removed", async () => {
    const { service } = room.secrets;
    const { id } = await service.create(ADMINISTRATOR, data());
    await service.create(ADMINISTRATOR, data({ owner: { kind: "group", name: "web" } }));
    room.owners.splice(1, 1);
    expect(await codeOf(service.value(ADMINISTRATOR, id))).toBe("secret_unknown");
    expect((await service.list(ADMINISTRATOR, { limit: 10 })).items).toHaveLength(1);
    expect(await service.sweep(ADMINISTRATOR)).toBe(1);
    expect(await service.sweep(ADMINISTRATOR)).toBe(0);
    expect(await room.database.kysely.selectFrom("secret").select("owner_kind").execute()).toEqual([
      { owner_kind: "group" },
    ]);
  });
});
