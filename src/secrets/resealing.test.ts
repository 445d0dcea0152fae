import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS, type TestRoom } from "./testing/room.ts";

let room: TestRoom;
beforeEach(async () => {
  room = await openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS));
});

async function keep(count: number, bytes = 20): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const value = Buffer.alloc(bytes, 65 + (number % 26));
    const owner = { kind: "tenant", name: "default" } as const;
    const data = { name: `n${number}`, owner, kind: "blob", value, description: "", expiresAt: null } as const;
    ids.push((await room.secrets.service.create(ADMINISTRATOR, data)).id);
  }
  return ids;
}

function status() {
  return room.secrets.keys.status(ADMINISTRATOR);
}

describe("after a new data key", () => {
  it("everything is sealed by it, in many batches, and nothing looks changed", async () => {
    const ids = await keep(600);
    const before = await room.secrets.service.list(ADMINISTRATOR, { limit: 1000 });
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    expect(await status()).toMatchObject({ dataKey: { generation: 2 }, secrets: 600, left: 600 });
    await room.secrets.settled();
    expect(await status()).toMatchObject({ secrets: 600, left: 0 });
    const after = await room.secrets.service.list(ADMINISTRATOR, { limit: 1000 });
    const plain = (list: typeof before) => list.items.map(({ generation: _generation, ...rest }) => rest);
    expect(plain(after)).toEqual(plain(before));
    for (const [number, id] of ids.entries())
      expect((await room.secrets.service.value(ADMINISTRATOR, id)).value.reveal()).toEqual(
        Buffer.alloc(20, 65 + (number % 26)),
      );
  });

  it("large values are sealed a few at a time", async () => {
    await keep(6, 1024 * 1024);
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    await room.secrets.settled();
    expect(await status()).toMatchObject({ left: 0 });
  });

  it("what is read, written and removed meanwhile is as it was meant", async () => {
    const ids = await keep(400);
    const { service } = room.secrets;
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    const data = { kind: "text", value: Buffer.from("new"), description: "", expiresAt: null } as const;
    const settled = room.secrets.settled();
    for (const [number, id] of ids.entries()) {
      if (number % 3 === 0) await service.replace(ADMINISTRATOR, id, 1, data);
      else if (number % 3 === 1) await service.remove(ADMINISTRATOR, id, 1);
      else expect((await service.value(ADMINISTRATOR, id)).value.reveal()[0]).toBe(65 + (number % 26));
    }
    await settled;
    await room.secrets.settled();
    expect(await status()).toMatchObject({ left: 0, secrets: 267 });
    for (const [number, id] of ids.entries()) {
      if (number % 3 === 0) expect((await service.value(ADMINISTRATOR, id)).value.text()).toBe("new");
      if (number % 3 === 2) expect((await service.value(ADMINISTRATOR, id)).value.reveal()[0]).toBe(65 + (number % 26));
    }
  });

  it("the next start goes on where it was interrupted", async () => {
    await keep(600);
    await room.secrets.stop();
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    expect(await status()).toMatchObject({ left: 600 });
    const next = await room.again();
    await next.settled();
    expect(await status()).toMatchObject({ left: 0, secrets: 600 });
  });

  it("what does not open stays as it is, and holds up nothing", async () => {
    const ids = await keep(300);
    const { kysely } = room.database;
    await kysely
      .updateTable("secret")
      .set({ sealed: Buffer.alloc(60, 1) })
      .where("id", "=", ids[0]!)
      .execute();
    await room.secrets.keys.rotateData(ADMINISTRATOR);
    await room.secrets.settled();
    expect(await status()).toMatchObject({ left: 1 });
    await room.secrets.service.remove(ADMINISTRATOR, ids[0]!, null);
    expect(await status()).toMatchObject({ left: 0 });
  });

  it("another one is made while the first is at work: the last one seals all", async () => {
    await keep(500);
    for (let count = 0; count < 3; count += 1) await room.secrets.keys.rotateData(ADMINISTRATOR);
    await room.secrets.settled();
    expect(await status()).toMatchObject({ dataKey: { generation: 4 }, left: 0 });
    const generations = await room.database.kysely
      .selectFrom("secret")
      .select("generation")
      .distinct()
      .where("tenant_id", "=", DEFAULT_TENANT.id)
      .execute();
    expect(generations).toEqual([{ generation: 4 }]);
  });
});
