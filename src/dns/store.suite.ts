import { beforeEach, describe, expect, it } from "vitest";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { isUniqueViolation } from "../platform/database/index.ts";
import type { DnsTarget } from "./model.ts";
import {
  addSets,
  deletePublication,
  deleteTarget,
  holdPublication,
  insertPublication,
  insertTarget,
  releaseHolds,
  savePublication,
  saveSets,
  saveSerial,
  selectPublications,
  selectPublishedState,
  selectPublishingTenants,
  selectSerials,
  selectSets,
  selectTargets,
  updateTarget,
} from "./store.ts";
import { dnsMigrations } from "./tables.ts";

const KEY = { zone: "example.org", view: "" };

function target(name: string, change: Partial<DnsTarget> = {}): DnsTarget {
  return {
    id: `id-${name}`,
    tenantId: "t",
    name,
    kind: "bind",
    settings: { folder: "/x", rndcConfig: "/y" },
    zones: [],
    view: null,
    version: 1,
    createdAt: 1,
    updatedAt: 1,
    ...change,
  };
}

/** What is kept of names, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open(dnsMigrations);
  });

  describe("targets", () => {
    it("are kept by tenant, in the order of their names", async () => {
      for (const one of [target("b"), target("a", { zones: ["example.org"], view: "inside" })])
        await insertTarget(database.kysely, one);
      await insertTarget(database.kysely, target("c", { tenantId: "other" }));
      expect(await selectTargets(database.kysely, "t")).toEqual([
        target("a", { zones: ["example.org"], view: "inside" }),
        target("b"),
      ]);
      expect([...(await selectPublishingTenants(database.kysely))].sort()).toEqual(["other", "t"]);
    });

    it("have a name once", async () => {
      await insertTarget(database.kysely, target("a"));
      const again = insertTarget(database.kysely, target("a", { id: "other" }));
      expect(await again.catch((error: unknown) => isUniqueViolation(error))).toBe(true);
    });

    it("change only in the version that was read", async () => {
      await insertTarget(database.kysely, target("a"));
      expect(await updateTarget(database.kysely, target("b", { id: "id-a", version: 2 }))).toBe(true);
      expect(await updateTarget(database.kysely, target("c", { id: "id-a", version: 2 }))).toBe(false);
      expect((await selectTargets(database.kysely, "t")).map((one) => one.name)).toEqual(["b"]);
    });
  });

  it("serials are kept for each zone and view", async () => {
    const row = { ...KEY, serial: 4_294_967_295, contentHash: "x" };
    await database.transaction((tx) => saveSerial(tx, "t", { ...row, serial: 7 }, 1));
    await database.transaction((tx) => saveSerial(tx, "t", row, 2));
    await database.transaction((tx) => saveSerial(tx, "t", { ...row, view: "inside", serial: 3 }, 2));
    expect([...(await selectSerials(database.kysely, "t"))].sort((a, b) => a.serial - b.serial)).toEqual([
      { ...row, view: "inside", serial: 3 },
      row,
    ]);
    expect(await selectSerials(database.kysely, "other")).toEqual([]);
  });

  describe("a publication", () => {
    const sets = [{ name: "a.example.org", type: "A" as const, ttl: 60, values: ["10.0.0.1"] }];

    beforeEach(async () => {
      await insertTarget(database.kysely, target("a"));
      await database.transaction((tx) => insertPublication(tx, "t", "id-a", KEY));
    });

    it("begins with nothing, and remembers what the server has", async () => {
      const [begun] = await selectPublications(database.kysely, "t");
      expect(begun).toMatchObject({ ...KEY, targetId: "id-a", state: "waiting", serial: null, attempt: 0 });
      expect(await selectSets(database.kysely, "id-a", KEY)).toBeNull();
      await savePublication(database.kysely, "id-a", KEY, {
        state: "published",
        serial: 5,
        contentHash: "x",
        attempt: 0,
        nextTryAt: 0,
        lastError: null,
        publishedAt: 9,
      });
      await database.transaction((tx) => saveSets(tx, "id-a", KEY, sets));
      // A failure leaves what the server has.
      await savePublication(database.kysely, "id-a", KEY, {
        state: "waiting",
        attempt: 1,
        nextTryAt: 99,
        lastError: "down",
      });
      await database.transaction((tx) => insertPublication(tx, "t", "id-a", KEY));
      expect(await selectPublications(database.kysely, "t")).toEqual([
        {
          ...KEY,
          targetId: "id-a",
          state: "waiting",
          serial: 5,
          contentHash: "x",
          attempt: 1,
          nextTryAt: 99,
          lastError: "down",
          publishedAt: 9,
        },
      ]);
      expect(await selectSets(database.kysely, "id-a", KEY)).toEqual(sets);
    });

    it("keeps what the server has by what changed, and forgets it", async () => {
      const other = { name: "b.example.org", type: "TXT" as const, ttl: 60, values: ['"x"'] };
      await database.transaction(async (tx) => {
        await saveSets(tx, "id-a", KEY, [...sets, { ...other, values: ['"old"'] }]);
        await addSets(tx, "id-a", KEY, 1, [other]);
        await addSets(tx, "id-a", KEY, 2, [{ ...sets[0]!, values: [] }]);
      });
      expect(await selectSets(database.kysely, "id-a", KEY)).toEqual([other]);
      expect(await selectPublishedState(database.kysely, "id-a", KEY)).toEqual({
        serial: null,
        contentHash: null,
        parts: 3,
      });
      await database.transaction((tx) => saveSets(tx, "id-a", KEY, []));
      expect(await selectSets(database.kysely, "id-a", KEY)).toEqual([]);
      await database.transaction((tx) => saveSets(tx, "id-a", KEY, null));
      expect(await selectSets(database.kysely, "id-a", KEY)).toBeNull();
    });

    it("is held by one at a time, until it is saved or the time is over", async () => {
      expect(await holdPublication(database, "id-a", KEY, 100, 200)).toBe(true);
      expect(await holdPublication(database, "id-a", KEY, 199, 300)).toBe(false);
      expect(await holdPublication(database, "id-a", KEY, 200, 300)).toBe(true);
      await releaseHolds(database.kysely);
      expect(await holdPublication(database, "id-a", KEY, 201, 300)).toBe(true);
      await savePublication(database.kysely, "id-a", KEY, {
        state: "waiting",
        attempt: 1,
        nextTryAt: 0,
        lastError: null,
      });
      expect(await holdPublication(database, "id-a", KEY, 201, 300)).toBe(true);
    });

    it("goes alone, or with its target", async () => {
      await database.transaction((tx) => insertPublication(tx, "t", "id-a", { ...KEY, view: "inside" }));
      await deletePublication(database.kysely, "id-a", KEY);
      expect((await selectPublications(database.kysely, "t")).map((one) => one.view)).toEqual(["inside"]);
      await deleteTarget(database.kysely, "id-a");
      expect(await selectPublications(database.kysely, "t")).toEqual([]);
    });
  });
}
