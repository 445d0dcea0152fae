import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, NOWHERE } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createSecretOwners } from "./secret-owners.ts";
import { createInventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { group, inserting, site, structure } from "./testing.ts";

it("the tenant, sites, groups and structures may have secrets; of a tenant that is no more, nobody", async () => {
  const database = await openSqlite(inventoryMigrations);
  const bus = createInProcessBus(silentLogger());
  const inventory = createInventoryStore({ database, clock: systemClock, bus });
  const [region, lab] = [site("region"), site("lab", { parent: "region" })];
  const web = group("web");
  const web1 = structure("web1", { site: "lab", groups: ["web"] });
  await database.transaction((tx) =>
    inventory.write(tx, DEFAULT_TENANT.id, inserting({ sites: [region, lab], groups: [web], structures: [web1] })),
  );
  const owners = await createSecretOwners({ database, inventory }).of(DEFAULT_TENANT.id);
  const found = {
    kind: "structure",
    id: web1.id,
    name: "web1",
    place: { sites: [region.id, lab.id], groups: [web.id], project: null },
  };
  expect(owners.named("structure", "web1")).toEqual(found);
  expect(owners.named("structure", web1.id)).toEqual(found);
  expect(owners.byKey({ kind: "structure", id: web1.id })).toEqual(found);
  expect(owners.byKey({ kind: "site", id: lab.id })).toMatchObject({
    name: "lab",
    place: { sites: [region.id, lab.id] },
  });
  expect(owners.byKey({ kind: "group", id: web.id })).toMatchObject({ name: "web", place: { groups: [web.id] } });
  for (const idOrName of [DEFAULT_TENANT.id, DEFAULT_TENANT.name])
    expect(owners.named("tenant", idOrName)).toMatchObject({ id: DEFAULT_TENANT.id, place: NOWHERE });
  expect(owners.byKey({ kind: "site", id: web1.id })).toBeUndefined();
  expect(owners.named("site", "web1")).toBeUndefined();
  expect(owners.named("tenant", "other")).toBeUndefined();
  const gone = await createSecretOwners({ database, inventory }).of("no tenant");
  expect([gone.named("tenant", "no tenant"), gone.byKey({ kind: "site", id: lab.id })]).toEqual([undefined, undefined]);
  const snapshot = () => Promise.reject(new Error("the database is away"));
  const failing = createSecretOwners({ database, inventory: { snapshot } }).of(DEFAULT_TENANT.id);
  await expect(failing).rejects.toThrow("the database is away");
  await bus.close();
});
