import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import {
  DEFAULT_TENANT,
  recordActor,
  rightsIn,
  type AccountHolder,
  type Permission,
  type Principal,
} from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations, type InventoryStore } from "../inventory/index.ts";
import { foundation, inserting, site, structure, updating } from "../inventory/testing.ts";
import type { Job, Starter } from "../jobs/index.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Database } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { createStarters, type Starters } from "./starters.ts";
import { createTargetPlaces } from "./target-places.ts";

const tenantId = DEFAULT_TENANT.id;
let database: Database;
let inventory: InventoryStore;
let starters: Starters;
/** Accounts by id: what they may do at the site `plant`. */
let accounts: Map<string, readonly Permission[] | "account" | "token">;

beforeEach(async () => {
  database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  inventory = createInventoryStore({ database, clock: manualClock(1000) });
  accounts = new Map();
  const fleet = { find: async () => undefined };
  const holders = { starter: async ({ accountId }: { accountId: string }) => holderOf(accountId) };
  starters = createStarters(database, holders, createTargetPlaces(inventory, fleet));
  const rows = {
    sites: [site("plant", { id: "plant" }), site("lab", { id: "lab" })],
    foundations: [foundation("m1", { id: "m1", site: "plant" }), foundation("m2", { id: "m2", site: "lab" })],
    structures: [
      structure("s1", { id: "s1", site: "plant", foundation: "m1" }),
      structure("s2", { id: "s2", site: "lab", foundation: "m2" }),
    ],
  };
  await database.transaction((tx) => inventory.write(tx, tenantId, inserting(rows)));
});

function holderOf(accountId: string): AccountHolder | "account" | "token" {
  const permissions = accounts.get(accountId) ?? "account";
  if (permissions === "account" || permissions === "token") return permissions;
  const grants = [{ permissions, scope: { kind: "site", tenantId, id: "plant" } as const }];
  const within = (id: string) => rightsIn(grants, id);
  return { accountId, kind: "person", name: accountId, grants, tenantIds: [tenantId], rightsIn: within };
}

function jobOf(starter: Starter, host: string, id = "s1"): Job {
  return { tenantId, host, starter, target: { kind: "structure", id, name: id } } as Job;
}

const starterOf = (accountId: string): Starter => ({ accountId, tokenId: null, name: accountId });

describe("whether a job may go on", () => {
  it("is by the rights its starter has now, where its target is", async () => {
    const may = (permissions: readonly Permission[], host: string, id?: string) => {
      accounts.set("paul", permissions);
      return starters.mayGoOn(jobOf(starterOf("paul"), host, id));
    };
    expect(await may(["run.start"], "runs")).toBeUndefined();
    expect(await may(["job.control"], "runs")).toBeUndefined();
    for (const one of ["design.apply", "inventory.write", "change.apply", "job.control"] as const)
      expect(await may([one], "foreman")).toBeUndefined();
    expect(await may(["run.start"], "foreman")).toBe(
      "paul, who started it, does not hold design.apply at structure 's1' any more",
    );
    for (const id of ["s2", "gone"])
      expect(await may(["run.start"], "runs", id)).toBe(
        `paul, who started it, does not hold run.start at structure '${id}' any more`,
      );
  });

  it("is not, for whose account or token is gone", async () => {
    const job = jobOf(starterOf("paul"), "runs");
    expect(await starters.mayGoOn(job)).toBe("the account of paul, who started it, is disabled or gone");
    accounts.set("paul", "token");
    expect(await starters.mayGoOn(job)).toBe("the token with which paul started it was revoked");
    expect(await starters.mayGoOn(jobOf({ accountId: null, tokenId: null, name: "server" }, "runs"))).toBeUndefined();
  });
});

it("a script is shown what its job's starter may read", async () => {
  const snapshot = await inventory.snapshot(tenantId);
  const names = async (permissions: readonly Permission[] | "account") => {
    accounts.set("paul", permissions);
    const reads = await starters.mayRead(jobOf(starterOf("paul"), "foreman"), snapshot);
    return [...snapshot.structures.values()].filter((one) => reads!(one)).map(({ name }) => name);
  };
  expect(await names(["inventory.read"])).toEqual(["s1"]);
  expect(await names(["job.control"])).toEqual([]);
  expect(await names("account")).toEqual([]);
});

describe("the starter of what the foreman does", () => {
  async function change(by: Principal | undefined, values: object): Promise<void> {
    const row = (await inventory.snapshot(tenantId)).structures.get("s1")!;
    await database.transaction((tx) => {
      if (by !== undefined) recordActor(tx, by);
      return inventory.write(tx, tenantId, updating({ structures: [{ ...row, ...values, version: row.version + 1 }] }));
    });
  }
  const person = (id: string): Principal => ({ ...ADMINISTRATOR, kind: "person", name: id, accountId: id });
  const ofRow = async () => (await starters.ofRow(tenantId, "structure", { id: "s1", name: "s1" })).name;

  it("is who last changed the row; the server where nobody did", async () => {
    expect(await ofRow()).toBe("server");
    accounts.set("paul", ["inventory.write"]).set("anna", ["design.apply"]);
    await change(person("paul"), { role: "web" });
    expect(await ofRow()).toBe("paul");
    await change(person("anna"), { role: "db" });
    await change(undefined, { state: "built" });
    expect(await ofRow()).toBe("anna");
    await change(ADMINISTRATOR, { role: "x" });
    expect(await starters.ofRow(tenantId, "structure", { id: "s1", name: "s1" })).toMatchObject({ accountId: null });
  });

  it("is the row's own editor when it follows from what somebody without rights here did elsewhere", async () => {
    accounts.set("paul", ["inventory.write"]).set("anna", []);
    await change(person("paul"), { role: "web" });
    await change(person("anna"), { stale: true });
    expect(await ofRow()).toBe("paul");
    accounts.set("anna", ["inventory.write"]);
    expect(await ofRow()).toBe("anna");
    // When none of them may, it is the latest: the job is then paused and says why.
    accounts.clear();
    expect(await ofRow()).toBe("anna");
  });
});
