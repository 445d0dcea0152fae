import { beforeEach, describe, expect, it } from "vitest";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import {
  holdMasterKey,
  insertDataKey,
  reserveNonces,
  rewrapDataKey,
  saveMasterKey,
  selectDataKeys,
  selectMasterKey,
  selectTenantsBehind,
} from "./keys-store.ts";
import type { DataKey } from "./model.ts";
import { insertSecret } from "./store.ts";
import { secretMigrations } from "./tables.ts";

const MASTER = { id: "m1", source: "file:/a", check: Uint8Array.of(1, 2), createdAt: 1 };

function dataKey(tenantId: string, generation: number): DataKey {
  return { tenantId, generation, wrapped: Uint8Array.of(generation), masterKeyId: "m1", reserved: 0, createdAt: 1 };
}

/** What is kept of keys, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;

  beforeEach(async () => {
    database = await open(secretMigrations);
    await database.transaction((tx) => saveMasterKey(tx, MASTER));
  });

  describe("master keys", () => {
    it("are one at a time, and one may come back", async () => {
      expect(await selectMasterKey(database.kysely)).toMatchObject({ id: "m1", source: "file:/a", current: true });
      await database.transaction((tx) => saveMasterKey(tx, { ...MASTER, id: "m2" }));
      expect(await selectMasterKey(database.kysely)).toMatchObject({ id: "m2" });
      await database.transaction((tx) => saveMasterKey(tx, { ...MASTER, source: "file:/b" }));
      const back = await selectMasterKey(database.kysely);
      expect(back).toMatchObject({ id: "m1", source: "file:/b", createdAt: 1 });
      expect([...back!.check]).toEqual([1, 2]);
    });

    it("are held only by who knows which one it is", async () => {
      expect(await database.transaction((tx) => holdMasterKey(tx, "m1"))).toBe(true);
      await database.transaction((tx) => saveMasterKey(tx, { ...MASTER, id: "m2" }));
      expect(await database.transaction((tx) => holdMasterKey(tx, "m1"))).toBe(false);
      expect(await database.transaction((tx) => holdMasterKey(tx, "none"))).toBe(false);
    });
  });

  describe("data keys", () => {
    beforeEach(() =>
      database.transaction(async (tx) => {
        for (const key of [dataKey("t", 2), dataKey("t", 1), dataKey("s", 1)]) await insertDataKey(tx, key);
      }),
    );

    it("are kept by tenant and generation, each once", async () => {
      const names = (keys: readonly DataKey[]): string[] => keys.map((key) => `${key.tenantId}${key.generation}`);
      expect(names(await selectDataKeys(database.kysely))).toEqual(["s1", "t1", "t2"]);
      expect(names(await selectDataKeys(database.kysely, "t"))).toEqual(["t1", "t2"]);
      const again = database.transaction((tx) => insertDataKey(tx, dataKey("t", 2)));
      expect(await again.catch((error: unknown) => isUniqueViolation(error))).toBe(true);
    });

    it("are wrapped anew", async () => {
      await database.transaction(async (tx) => {
        await saveMasterKey(tx, { ...MASTER, id: "m2" });
        await rewrapDataKey(tx, dataKey("t", 1), Uint8Array.of(9), "m2");
      });
      const found = await selectDataKeys(database.kysely, "t");
      expect(found.map(({ wrapped, masterKeyId }) => [...wrapped, masterKeyId])).toEqual([
        [9, "m2"],
        [2, "m1"],
      ]);
    });

    it("seal so often and no more", async () => {
      expect(await reserveNonces(database.kysely, dataKey("t", 1), 40, 100)).toBe(true);
      expect(await reserveNonces(database.kysely, dataKey("t", 1), 60, 100)).toBe(true);
      expect(await reserveNonces(database.kysely, dataKey("t", 1), 1, 100)).toBe(false);
      expect(await reserveNonces(database.kysely, dataKey("t", 3), 1, 100)).toBe(false);
      expect((await selectDataKeys(database.kysely, "t")).map(({ reserved }) => reserved)).toEqual([100, 0]);
    });

    it("tell which tenants have something to be sealed anew", async () => {
      expect(await selectTenantsBehind(database.kysely)).toEqual([]);
      const secret = {
        id: "1",
        owner: { kind: "tenant", id: "x" },
        name: "a",
        kind: "text",
        size: 1,
        description: "",
        expiresAt: null,
        version: 1,
        createdAt: 1,
        updatedAt: 1,
        sealed: Uint8Array.of(1),
      } as const;
      await insertSecret(database.kysely, { ...secret, tenantId: "s", generation: 1 });
      await insertSecret(database.kysely, { ...secret, id: "2", tenantId: "t", generation: 2 });
      expect(await selectTenantsBehind(database.kysely)).toEqual([]);
      await insertSecret(database.kysely, { ...secret, id: "3", name: "b", tenantId: "t", generation: 1 });
      expect(await selectTenantsBehind(database.kysely)).toEqual(["t"]);
    });
  });
}
