import { expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { accountWith, ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryService, createInventoryStore, inventoryMigrations, type Edit } from "../inventory/index.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createKeeper } from "./keeper.ts";
import { createMergedInventory } from "./merged.ts";
import { withBackends } from "./routing.ts";
import { createBackendService } from "./service.ts";
import { backendMigrations } from "./tables.ts";

it("a backend's files are named by who manages the server: an admin of the tenant changes what names none", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...backendMigrations]);
  const clock = manualClock(0);
  const log = silentLogger();
  const bus = createInProcessBus(log);
  const inventory = createInventoryStore({ database, clock, bus });
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const port = { place: "there", read: async () => [] };
  const keeper = createKeeper({ database, inventory, events, bus, clock, log, open: () => port });
  onTestFinished(async () => {
    await keeper.stop();
    await bus.close();
  });
  const merged = { conflicts: async () => [] } as never;
  const backends = createBackendService({ database, events, clock, random: systemRandom, keeper, merged });
  const eve = accountWith("admin");
  const files = { name: "f", kind: "files", site: "oslo", settings: { folder: "/srv/oslo" } } as const;
  const token = { url: "https://127.0.0.1:1", tokenFile: "/srv/admin.token" };
  for (const data of [files, { ...files, kind: "gantry", settings: token } as const])
    await expect(backends.add(eve, data)).rejects.toMatchObject({ code: "server_file_forbidden" });
  expect(keeper.of(DEFAULT_TENANT.id)).toEqual([]);

  await backends.add(ADMINISTRATOR, files);
  const moved = await backends.replace(eve, "f", 1, { ...files, site: "bergen" });
  expect([moved.site, moved.version]).toEqual(["bergen", 2]);
  const elsewhere = { ...files, settings: { folder: "/etc" } };
  await expect(backends.replace(eve, "f", 2, elsewhere)).rejects.toMatchObject({ code: "server_file_forbidden" });
});

it("who sees one site alone is told of no backend that is missing elsewhere; what is of no kind is said to be of none", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...backendMigrations]);
  const clock = manualClock(0);
  const log = silentLogger();
  const bus = createInProcessBus(log);
  const stored = createInventoryStore({ database, clock, bus });
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const port = { place: "there", read: () => Promise.reject(new Error("/srv/oslo is gone")) };
  const keeper = createKeeper({ database, inventory: stored, events, bus, clock, log, open: () => port });
  onTestFinished(async () => {
    await keeper.stop();
    await bus.close();
  });
  const merged = createMergedInventory(stored, keeper);
  const parts = { database, inventory: merged.store, events, bus, clock, random: systemRandom };
  const inventory = withBackends(createInventoryService(parts), merged, keeper);
  const make = (name: string): Edit => ({ action: "create", kind: "site", data: { name } });
  await inventory.edit(ADMINISTRATOR, [make("lab"), make("oslo")]);
  const backends = createBackendService({ database, events, clock, random: systemRandom, keeper, merged });
  const added = { name: "f", kind: "files", site: "oslo", settings: { folder: "/srv/oslo" } } as const;
  await keeper.refresh((await backends.add(ADMINISTRATOR, added)).id);

  const at = async (site: string): Promise<Principal> =>
    accountWith("designer", { kind: "site", id: (await inventory.get(ADMINISTRATOR, "site", site)).id });
  const missing = async (principal: Principal): Promise<readonly string[]> =>
    ((await inventory.list(principal, "structure", { filter: {}, limit: 9 })).missing ?? []).map((one) => one.backend);
  expect([await missing(ADMINISTRATOR), await missing(await at("oslo")), await missing(await at("lab"))]).toEqual([
    ["f"],
    ["f"],
    [],
  ]);
  const unknown = inventory.get(await at("lab"), "structure", "web1");
  await expect(unknown).rejects.toThrow(/^there is no structure 'web1'$/);
  const edit = { action: "delete", kind: "constructor", name: "x", version: null } as unknown as Edit;
  await expect(inventory.edit(ADMINISTRATOR, [edit])).rejects.toMatchObject({ code: "member_invalid" });
});
