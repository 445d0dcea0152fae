import { beforeEach, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { MACHINE_FACTS_SCHEMA } from "../blueprints/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Outcome } from "./model.ts";
import {
  countMachines,
  deleteMachine,
  deleteOfTenant,
  deleteToken,
  insertToken,
  noteUse,
  saveMachine,
  selectByIdentity,
  selectMachine,
  selectMachines,
  selectToken,
  selectTokens,
  type KeptMachine,
} from "./store.ts";
import { machineMigrations } from "./tables.ts";

const tenantId = DEFAULT_TENANT.id;
const OUTCOME: Outcome = {
  state: "unmatched",
  foundation: null,
  by: null,
  reason: "nothing says which foundation it is",
  problems: [],
  nearest: null,
};

function machine(id: string, change: Partial<KeptMachine> = {}): KeptMachine {
  return {
    id,
    tenantId,
    site: "rack1",
    identity: `identity of ${id}`,
    secretHash: "ff",
    facts: MACHINE_FACTS_SCHEMA.parse({ memory: 2 ** 40, firmware: { bios: "1" } }),
    outcome: OUTCOME,
    assigned: null,
    registeredAt: 5,
    seenAt: 5,
    ...change,
  };
}

/** Machines and registration tokens, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open(machineMigrations);
  });

  function save(...machines: readonly KeptMachine[]): Promise<void> {
    return database.transaction(async (tx) => {
      for (const one of machines) await saveMachine(tx, one);
    });
  }

  it("keeps a machine as it was last, and finds it by id and by identity", async () => {
    await save(machine("a"));
    const later = machine("a", { assigned: "srv1", seenAt: 9, outcome: { ...OUTCOME, state: "located", by: "uuid" } });
    await save(later);
    expect(await selectMachine(database.kysely, "a")).toEqual(later);
    expect(await selectByIdentity(database.kysely, later)).toEqual(later);
    expect(await selectByIdentity(database.kysely, { ...later, site: "rack2" })).toBeUndefined();
    expect(await selectMachine(database.kysely, "b")).toBeUndefined();
  });

  it("lists machines by age, filtered, page by page, and counts those of a site", async () => {
    await save(machine("c"), machine("a"), machine("b", { site: "rack2" }));
    const ids = async (filter: Parameters<typeof selectMachines>[2], after = "", limit = 10) =>
      (await selectMachines(database.kysely, tenantId, filter, { after, limit })).map(({ id }) => id);
    expect(await ids({})).toEqual(["a", "b", "c"]);
    expect(await ids({}, "a", 1)).toEqual(["b"]);
    expect(await ids({ site: "rack1", state: "unmatched" })).toEqual(["a", "c"]);
    expect(await ids({ state: "located" })).toEqual([]);
    expect(await countMachines(database.kysely, tenantId, "rack1")).toBe(2);
    await database.transaction((tx) => deleteMachine(tx, "a"));
    expect(await ids({})).toEqual(["b", "c"]);
  });

  it("knows registration tokens by their hash until they are revoked", async () => {
    const token = { id: "t1", site: "rack1", description: "boot image", createdAt: 1, expiresAt: null, usedAt: null };
    await database.transaction((tx) => insertToken(tx, { ...token, tenantId, hash: "aa" }));
    await database.transaction((tx) => noteUse(tx, "aa", 7));
    expect(await selectToken(database.kysely, "aa")).toEqual({ ...token, tenantId, usedAt: 7 });
    expect(await selectTokens(database.kysely, tenantId, { after: "", limit: 5 })).toEqual([{ ...token, usedAt: 7 }]);
    await database.transaction((tx) => deleteOfTenant(tx, "other tenant"));
    expect(await database.transaction((tx) => deleteToken(tx, "other tenant", "t1"))).toBe(false);
    expect(await database.transaction((tx) => deleteToken(tx, tenantId, "t1"))).toBe(true);
    expect(await selectToken(database.kysely, "aa")).toBeUndefined();
    await save(machine("a"));
    await database.transaction((tx) => insertToken(tx, { ...token, tenantId, hash: "bb" }));
    await database.transaction((tx) => deleteOfTenant(tx, tenantId));
    expect(await selectToken(database.kysely, "bb")).toBeUndefined();
    expect(await selectMachine(database.kysely, "a")).toBeUndefined();
  });
}
