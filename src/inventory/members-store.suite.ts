import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { deleteToken, hasToken, holderOfToken, insertToken, keepReport, reportOf, tokensOf } from "./members-store.ts";
import type { Structure } from "./model.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { inserting, site, structure } from "./testing.ts";

const tenant = DEFAULT_TENANT.id;

/** Tokens of structures and what they report, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: InventoryStore;
  let row: Structure;
  beforeEach(async () => {
    database = await open(inventoryMigrations);
    store = createInventoryStore({ database, clock: manualClock() });
    row = structure("web1", { blueprint: null, foundation: null });
    await database.transaction((tx) => store.write(tx, tenant, inserting({ sites: [site("lab")], structures: [row] })));
  });

  function issue(id: string, sha256: string): Promise<void> {
    return insertToken(database.kysely, tenant, row.id, { id, description: id, createdAt: 5, sha256 });
  }

  it("knows whose token it is, until it is revoked", async () => {
    await issue("one", "aa");
    await issue("two", "bb");
    expect(await holderOfToken(database.kysely, "aa")).toEqual({
      tokenId: "one",
      tenantId: tenant,
      structureId: row.id,
      name: "web1",
    });
    expect(await tokensOf(database.kysely, row.id)).toEqual([
      { id: "one", description: "one", createdAt: 5 },
      { id: "two", description: "two", createdAt: 5 },
    ]);
    expect(await deleteToken(database.kysely, "another", "one")).toBe(false);
    expect(await deleteToken(database.kysely, row.id, "one")).toBe(true);
    expect(await deleteToken(database.kysely, row.id, "one")).toBe(false);
    expect([await hasToken(database.kysely, "one"), await hasToken(database.kysely, "two")]).toEqual([false, true]);
    expect(await holderOfToken(database.kysely, "aa")).toBeUndefined();
    await expect(issue("three", "bb")).rejects.toThrow();
  });

  it("keeps the last report, and tells the one before", async () => {
    const report = (missing: readonly string[], at: number) =>
      database.transaction((tx) => keepReport(tx, row.id, { missing, at }));
    expect(await reportOf(database.kysely, row.id)).toBeUndefined();
    expect(await report(["a"], 1)).toBeUndefined();
    expect(await report([], 2)).toEqual({ missing: ["a"], at: 1 });
    expect(await reportOf(database.kysely, row.id)).toEqual({ missing: [], at: 2 });
  });

  describe("of a structure that goes", () => {
    it("nothing is left", async () => {
      await issue("one", "aa");
      await database.transaction((tx) => keepReport(tx, row.id, { missing: [], at: 2 }));
      expect(await database.transaction((tx) => store.remove(tx, "structure", row.id, 1))).toBe(true);
      expect(await hasToken(database.kysely, "one")).toBe(false);
      expect(await reportOf(database.kysely, row.id)).toBeUndefined();
    });
  });
}
