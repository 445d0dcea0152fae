import { beforeEach, describe, expect, it } from "vitest";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import type { BootKey, BootProfile } from "./model.ts";
import {
  closeKey,
  deleteKeys,
  forgetFoundation,
  forgetTenant,
  insertKey,
  insertProfile,
  renameInSettings,
  resumeKeys,
  saveSetting,
  saveSignal,
  selectKey,
  selectKeys,
  selectProfile,
  selectProfiles,
  selectSettings,
  selectSignals,
  suspendKeys,
  updateProfile,
} from "./store.ts";
import { bootMigrations } from "./tables.ts";

const profile: BootProfile = {
  id: "p1",
  tenantId: "t",
  name: "wipe",
  description: "",
  script: "boot",
  template: "x",
  version: 1,
  createdAt: 1,
  updatedAt: 1,
};

const key: BootKey = {
  id: "k1",
  tenantId: "t",
  foundationId: "f1",
  structureId: null,
  jobId: "j1",
  hash: "aa",
  createdAt: 1,
  expiresAt: 100,
  closed: false,
  suspended: false,
};

/** What is kept of boots, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open(bootMigrations);
  });

  describe("boots", () => {
    it("have profiles of their tenant, by name, changed only from the version that was read", async () => {
      await database.transaction(async (tx) => {
        await insertProfile(tx, profile);
        await insertProfile(tx, { ...profile, id: "p2", tenantId: "u" });
        await insertProfile(tx, { ...profile, id: "p3", name: "a" });
        expect(await updateProfile(tx, { ...profile, version: 2, script: "new" })).toBe(true);
        expect(await updateProfile(tx, { ...profile, version: 2 })).toBe(false);
      });
      expect((await selectProfiles(database.kysely, "t")).map(({ name, version }) => [name, version])).toEqual([
        ["a", 1],
        ["wipe", 2],
      ]);
      expect(await selectProfile(database.kysely, "u", "wipe")).toMatchObject({ id: "p2", script: "boot" });
      const twice = database.transaction((tx) => insertProfile(tx, { ...profile, id: "p4" }));
      await expect(twice).rejects.toSatisfy(isUniqueViolation);
    });

    it("are set by interface, the last one first", async () => {
      const setting = { tenantId: "t", foundationId: "f1", interface: "eth0", profile: "a", jobId: null, setAt: 1 };
      await database.transaction(async (tx) => {
        await saveSetting(tx, setting);
        await saveSetting(tx, { ...setting, interface: "eth1", setAt: 2 });
        await saveSetting(tx, { ...setting, profile: "b", setAt: 3, jobId: "j" });
        await renameInSettings(tx, "t", "a", "c");
      });
      const found = await selectSettings(database.kysely, { tenantId: "t", foundationId: "f1" });
      expect(found.map((one) => [one.interface, one.profile, one.jobId])).toEqual([
        ["eth0", "b", "j"],
        ["eth1", "c", null],
      ]);
      expect(await selectSettings(database.kysely, { tenantId: "t", profile: "c" })).toHaveLength(1);
      expect(await selectSettings(database.kysely, { tenantId: "u" })).toEqual([]);
    });

    it("have keys that end with their job, their foundation or their time", async () => {
      await database.transaction(async (tx) => {
        await insertKey(tx, key);
        await insertKey(tx, { ...key, id: "k2", hash: "bb", jobId: null, structureId: "s1" });
        await insertKey(tx, { ...key, id: "k3", hash: "cc", foundationId: "f2", jobId: null, expiresAt: 50 });
        await closeKey(tx, "k2");
      });
      expect(await selectKey(database.kysely, "aa")).toEqual(key);
      expect((await selectKeys(database.kysely, "f1")).map(({ id, closed }) => [id, closed])).toEqual([
        ["k2", true],
        ["k1", false],
      ]);
      await database.transaction((tx) => deleteKeys(tx, { jobId: "j1" }));
      expect(await selectKey(database.kysely, "aa")).toBeUndefined();
      await database.transaction((tx) => deleteKeys(tx, { expiredAt: 50 }));
      expect(await selectKey(database.kysely, "cc")).toBeUndefined();
      await database.transaction((tx) => deleteKeys(tx, { foundationId: "f1" }));
      expect(await selectKey(database.kysely, "bb")).toBeUndefined();
    });

    it("have keys that rest while their job has failed", async () => {
      await database.transaction(async (tx) => {
        await insertKey(tx, key);
        await insertKey(tx, { ...key, id: "k2", hash: "bb", jobId: "j2" });
        await closeKey(tx, "k1");
        await suspendKeys(tx, "j1");
        await deleteKeys(tx, { expiredAt: 1000 });
      });
      expect(await selectKey(database.kysely, "aa")).toEqual({ ...key, closed: true, suspended: true });
      expect(await selectKey(database.kysely, "bb")).toBeUndefined();
      await database.transaction((tx) => resumeKeys(tx, "j1", 2000));
      expect(await selectKey(database.kysely, "aa")).toEqual({ ...key, expiresAt: 2000 });
    });

    it("have signals, and are forgotten with their foundation and tenant", async () => {
      const signal = { tenantId: "t", foundationId: "f1", name: "wipe", resetAt: 1 };
      await database.transaction(async (tx) => {
        await saveSignal(tx, { ...signal, outcome: null, message: "", signalledAt: null });
        await saveSignal(tx, { ...signal, outcome: "failed", message: "no disk", signalledAt: 2 });
        await insertProfile(tx, profile);
        await insertKey(tx, key);
      });
      const found = await selectSignals(database.kysely, ["f1", "f2"]);
      expect([...found.values()]).toEqual([{ ...signal, outcome: "failed", message: "no disk", signalledAt: 2 }]);
      await database.transaction((tx) => forgetFoundation(tx, "f1"));
      expect((await selectSignals(database.kysely, ["f1"])).size).toBe(0);
      expect(await selectKeys(database.kysely, "f1")).toEqual([]);
      await database.transaction((tx) => forgetTenant(tx, "t"));
      expect(await selectProfiles(database.kysely, "t")).toEqual([]);
    });
  });
}
