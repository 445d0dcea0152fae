import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { rightsIn, type Permission, type Principal, type Scope } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { countingRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Edit } from "./edit-model.ts";
import { createInventoryService, createInventoryStore, inventoryMigrations, type InventoryService } from "./index.ts";
import type { OwnedKind } from "./kinds.ts";

const { tenantId } = ADMINISTRATOR;
let inventory: InventoryService;

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const clock = manualClock(1000);
  const random = countingRandom();
  const bus = createInProcessBus(silentLogger());
  onTestFinished(() => bus.close());
  const events = createEventStream({ database, bus, clock, random });
  const store = createInventoryStore({ database, clock, bus });
  inventory = createInventoryService({ database, inventory: store, events, bus, clock, random });
  await inventory.edit(ADMINISTRATOR, [
    create("site", { name: "plant" }),
    create("site", { name: "rack", parent: "plant" }),
    create("site", { name: "lab" }),
    create("group", { name: "web" }),
    create("group", { name: "front", parent: "web" }),
    create("structure", { name: "inside", site: "rack", variables: { port: 80 } }),
    create("structure", { name: "outside", site: "lab", groups: ["front"], variables: { port: 80 } }),
    create("network", { name: "net-lab", site: "lab" }),
    create("zone", { name: "example.org", nameservers: ["ns.example.org."], contact: "a@example.org" }),
  ]);
});

const create = (kind: OwnedKind, data: object): Edit => ({ action: "create", kind, data }) as Edit;
const merge = (kind: OwnedKind, name: string, patch: object): Edit =>
  ({ action: "merge", kind, name, version: null, patch }) as Edit;
const remove = (kind: OwnedKind, name: string): Edit => ({ action: "delete", kind, name, version: null });

async function person(kind: "site" | "group", name: string, permissions: readonly Permission[]): Promise<Principal> {
  const { id } = await inventory.get(ADMINISTRATOR, kind, name);
  const scope: Scope = { kind, tenantId, id };
  const rights = rightsIn([{ permissions, scope }], tenantId)!;
  return { kind: "person", name: "paul", accountId: "p", tenantId, rights, rightsIn: () => rights };
}

const designer: readonly Permission[] = ["inventory.read", "inventory.write"];
const names = async (principal: Principal, kind: OwnedKind, vars: readonly string[] = []): Promise<readonly string[]> =>
  (await inventory.list(principal, kind, { filter: {}, limit: 100 }, vars)).items.map(({ name }) => name);

describe("rights at a site", () => {
  it("show what is there and below, and nothing else, however it is asked for", async () => {
    const paul = await person("site", "plant", designer);
    expect(await names(paul, "structure")).toEqual(["inside"]);
    expect(await names(paul, "structure", ["port:80"])).toEqual(["inside"]);
    expect(await names(paul, "site")).toEqual(["plant", "rack"]);
    for (const kind of ["network", "zone", "group", "blueprint"] as const) expect(await names(paul, kind)).toEqual([]);
    const missing = await failure(inventory.get(paul, "structure", "nothing"));
    const hidden = await failure(inventory.get(paul, "structure", "outside"));
    expect(hidden).toEqual({ ...missing, message: missing.message.replace("nothing", "outside") });
    await expect(inventory.variables(paul, "structure", "outside")).rejects.toMatchObject({ code: "not_found" });
  });

  it("give no hint at names that may not be read", async () => {
    const paul = await person("site", "plant", designer);
    for (const asked of ["outsid", "insid"]) {
      const refused = [inventory.get(paul, "structure", asked), inventory.edit(paul, [merge("structure", asked, {})])];
      for (const one of refused) expect((await failure(one)).message).toBe(`there is no structure '${asked}'`);
    }
  });

  it("tell by no filter what is there and hidden", async () => {
    const paul = await person("site", "plant", designer);
    const shown = (filter: object) => inventory.list(paul, "structure", { filter, limit: 9 });
    for (const filter of [{ site: "lab" }, { site: "la" }, { group: "web" }, { group: "we" }, { blueprint: "x" }])
      expect(await shown(filter)).toMatchObject({ items: [], next: null });
    await expect(inventory.list(paul, "structure", { filter: { site: "la" }, limit: 9 }, ["port:80"])).resolves.toEqual(
      await shown({ site: "lab" }),
    );
    await expect(inventory.list(ADMINISTRATOR, "structure", { filter: { site: "la" }, limit: 9 })).rejects.toThrow(
      "lab",
    );
  });

  it("let one change what is there, and neither bring in nor take out what is elsewhere", async () => {
    const paul = await person("site", "plant", designer);
    await inventory.edit(paul, [merge("structure", "inside", { role: "web" })]);
    await inventory.edit(paul, [
      create("site", { name: "shelf", parent: "rack" }),
      create("structure", { name: "new", site: "shelf" }),
      create("interface", { structure: "new", device: "eth0", type: "real" }),
    ]);
    for (const [edit, code] of [
      [merge("structure", "outside", { role: "web" }), "not_found"],
      [remove("structure", "outside"), "not_found"],
      [merge("structure", "inside", { site: "lab" }), "reference_unknown"],
      [create("structure", { name: "x", site: "lab" }), "reference_unknown"],
      [merge("site", "rack", { parent: null }), undefined],
      [merge("site", "plant", { parent: "lab" }), undefined],
      [create("zone", { name: "a.org", nameservers: ["ns.a.org."], contact: "a@a.org" }), "not_found"],
    ] as const) {
      const { code: found } = await failure(inventory.edit(paul, [edit]));
      if (code !== undefined) expect([edit, found]).toEqual([edit, code]);
    }
    expect(await names(ADMINISTRATOR, "structure")).toEqual(["inside", "new", "outside"]);
  });

  it("let one use what others have only where one may change it: complexes, their members, and where scripts run", async () => {
    const scripts = { create: "pass", port_on: "pass" };
    await inventory.edit(ADMINISTRATOR, [
      create("blueprint", { name: "machine", builds: "foundation", scripts: { create: "pass" } }),
      create("blueprint", { name: "switch", builds: "structure", scripts }),
      create("foundation", { name: "mine", site: "rack", type: "local", blueprint: "machine" }),
      create("structure", { name: "theirs", site: "plant", blueprint: "switch" }),
      create("structure", { name: "own", site: "rack", blueprint: "switch" }),
      create("complex", { name: "theirs", site: "plant", type: "local", members: ["theirs"] }),
    ]);
    const { id: plant } = await inventory.get(ADMINISTRATOR, "site", "plant");
    const { id: rack } = await inventory.get(ADMINISTRATOR, "site", "rack");
    const rights = rightsIn(
      [
        { permissions: ["inventory.read"], scope: { kind: "site", tenantId, id: plant } },
        { permissions: designer, scope: { kind: "site", tenantId, id: rack } },
      ],
      tenantId,
    )!;
    const paul: Principal = { ...(await person("site", "rack", designer)), rights, rightsIn: () => rights };
    const order = { foundation: "mine", structure: "theirs" };
    await inventory.edit(paul, [
      create("dependency", { name: "order", ...order }),
      create("dependency", { name: "port", foundation: "mine", structure: "own", createScript: "port_on" }),
      create("complex", { name: "own", site: "rack", type: "local", members: ["own"] }),
    ]);
    const refused = {
      member: merge("complex", "own", { members: ["own", "theirs"] }),
      offered: merge("foundation", "mine", { complex: "theirs" }),
      script: create("dependency", { name: "x", ...order, createScript: "port_on" }),
      later: merge("dependency", "order", { destroyScript: "port_on" }),
      elsewhere: merge("dependency", "port", { scriptStructure: "theirs" }),
      chained: create("dependency", { name: "y", foundation: "mine", dependency: "order", createScript: "port_on" }),
    };
    const told: Record<string, string> = {};
    for (const [name, edit] of Object.entries(refused)) {
      const { code, message } = await failure(inventory.edit(paul, [edit]));
      told[name] = code === "forbidden" ? message : code;
    }
    expect(told).toMatchInlineSnapshot(`
      {
        "chained": "paul does not hold the permission inventory.write at structure 'theirs', which would run scripts of dependency 'y'",
        "elsewhere": "paul does not hold the permission inventory.write at structure 'theirs', which would run scripts of dependency 'port'",
        "later": "paul does not hold the permission inventory.write at structure 'theirs', which would run scripts of dependency 'order'",
        "member": "paul does not hold the permission inventory.write at structure 'theirs', which would host what complex 'own' offers",
        "offered": "paul does not hold the permission inventory.write at complex 'theirs', whose variables and secrets would reach what comes there",
        "script": "paul does not hold the permission inventory.write at structure 'theirs', which would run scripts of dependency 'x'",
      }
    `);
    // Nor by a step of the chain that leads there: what it runs came to be elsewhere.
    await inventory.edit(paul, [
      create("dependency", { name: "first", foundation: "mine", structure: "own" }),
      create("dependency", { name: "second", foundation: "mine", dependency: "first", createScript: "port_on" }),
    ]);
    const { code } = await failure(inventory.edit(paul, [merge("dependency", "first", { structure: "theirs" })]));
    expect(code).toBe("forbidden");
    await inventory.edit(paul, [merge("dependency", "second", { description: "as before" })]);
    await inventory.edit(ADMINISTRATOR, Object.values(refused));
  });

  it("to read alone do not let one write, and say so", async () => {
    const viewer = await person("site", "plant", ["inventory.read"]);
    const refused = inventory.edit(viewer, [merge("structure", "inside", { role: "web" })]);
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  });

  it("refer to nothing that may not be read, whose answer is that of what is not there", async () => {
    const paul = await person("site", "rack", designer);
    const made = (data: object) => inventory.edit(paul, [create("structure", { name: "x", site: "rack", ...data })]);
    for (const [member, hidden] of [
      ["parent", "outside"],
      ["dependsOn", ["outside"]],
      ["groups", ["front"]],
      ["site", "lab"],
    ] as const) {
      const nothing: unknown = typeof hidden === "string" ? "outsid" : ["outsid"];
      const asked = await failure(made({ [member]: hidden }));
      const other = await failure(made({ [member]: nothing }));
      expect([member, asked.code, other.code]).toEqual([member, "reference_unknown", "reference_unknown"]);
      expect(asked.message).toBe(other.message.replace("'outsid'", `'${String(hidden)}'`));
    }
  });

  it("refer to what the sites above have for all below, and to what is of the whole tenant", async () => {
    await inventory.edit(ADMINISTRATOR, [create("network", { name: "net-plant", site: "plant" })]);
    const paul = await person("site", "rack", designer);
    const block = { name: "block", site: "rack", subnet: "10.0.0.0/24" };
    const elsewhere = inventory.edit(paul, [create("address_block", { ...block, network: "net-lab" })]);
    await expect(elsewhere).rejects.toMatchObject({ code: "reference_unknown" });
    await inventory.edit(paul, [create("address_block", { ...block, network: "net-plant" })]);
    await inventory.edit(paul, [merge("site", "rack", { zone: "example.org" })]);
  });

  it("put nothing below a site or a group that may be read alone, whose secrets it would get", async () => {
    const group = await inventory.get(ADMINISTRATOR, "group", "front");
    const site = await inventory.get(ADMINISTRATOR, "site", "plant");
    const both = (writes: "site" | "group"): Principal => {
      const grant = (kind: "site" | "group", id: string) =>
        ({
          permissions: kind === writes ? designer : (["inventory.read"] as const),
          scope: { kind, tenantId, id },
        }) as const;
      const rights = rightsIn([grant("site", site.id), grant("group", group.id)], tenantId)!;
      return { kind: "person", name: "paul", accountId: "p", tenantId, rights, rightsIn: () => rights };
    };
    for (const [writes, edit] of [
      ["site", merge("structure", "inside", { groups: ["front"] })],
      ["site", create("structure", { name: "x", site: "rack", groups: ["front"] })],
      ["group", merge("structure", "outside", { site: "rack" })],
      ["group", create("structure", { name: "x", site: "rack", groups: ["front"] })],
    ] as const)
      await expect(inventory.edit(both(writes), [edit])).rejects.toMatchObject({ code: "forbidden" });
    await inventory.edit(both("site"), [create("structure", { name: "x", site: "rack" })]);
    await inventory.edit(both("group"), [merge("structure", "outside", { role: "web" })]);
  });

  it("keep a reference that somebody else made", async () => {
    await inventory.edit(ADMINISTRATOR, [merge("structure", "inside", { parent: "outside", groups: ["front"] })]);
    const paul = await person("site", "plant", designer);
    const { results } = await inventory.edit(paul, [merge("structure", "inside", { role: "web" })]);
    expect(results).toMatchObject([{ action: "changed" }]);
  });

  it("count what would go along, and name of it what may be read", async () => {
    await inventory.edit(ADMINISTRATOR, [merge("structure", "outside", { parent: "inside" })]);
    const paul = await person("site", "plant", designer);
    await expect(inventory.edit(paul, [remove("structure", "inside")])).rejects.toMatchObject({
      code: "removal_needs_cascade",
      details: { changed: { counts: {}, things: [] }, removed: { counts: { structure: 1 }, things: [] } },
    });
    const all = await failure(inventory.edit(paul, [remove("structure", "inside")], { cascade: true }));
    expect([all.code, all.message.includes("outside")]).toEqual(["forbidden", false]);
  });

  it("do not let one delete a site with what others have below it", async () => {
    await inventory.edit(ADMINISTRATOR, [merge("structure", "outside", { parent: "inside" })]);
    const paul = await person("site", "rack", designer);
    await inventory.edit(paul, [remove("structure", "inside")], { cascade: true }).catch(() => undefined);
    expect((await inventory.get(ADMINISTRATOR, "structure", "outside")).name).toBe("outside");
  });
});

describe("rights in a group", () => {
  it("reach its structures, also by way of groups below it", async () => {
    const paul = await person("group", "web", designer);
    expect(await names(paul, "structure")).toEqual(["outside"]);
    expect(await names(paul, "group")).toEqual(["front", "web"]);
    await inventory.edit(paul, [merge("structure", "outside", { role: "web" })]);
    await expect(inventory.edit(paul, [merge("structure", "outside", { groups: [] })])).rejects.toMatchObject({
      code: "not_found",
    });
    expect(await names(await person("group", "front", designer), "group")).toEqual(["front"]);
  });

  it("do not grow by groups that one includes, nor by those that will be there later", async () => {
    await inventory.edit(ADMINISTRATOR, [
      create("group", { name: "db" }),
      create("structure", { name: "secret", site: "lab", groups: ["db"] }),
    ]);
    const paul = await person("group", "web", designer);
    for (const included of ["db", "later"])
      await expect(inventory.edit(paul, [merge("group", "web", { includes: [included] })])).rejects.toMatchObject({
        code: "reference_unknown",
      });
    await inventory.edit(paul, [merge("group", "web", { includes: ["front"] })]);
    expect(await names(paul, "structure")).toEqual(["outside"]);
    await inventory.edit(ADMINISTRATOR, [merge("group", "web", { includes: ["front", "db"] })]);
    await inventory.edit(paul, [merge("group", "web", { priority: 3 })]);
    expect(await names(paul, "structure")).toEqual(["outside", "secret"]);
  });
});

it("no edit of somebody with rights at one site changes anything at another", async () => {
  const paul = await person("site", "plant", designer);
  const site = fc.constantFrom("plant", "rack", "lab", null);
  const structure = fc.constantFrom("inside", "outside", "third");
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc.record({ name: structure, site }).map(({ name, site: at }) => merge("structure", name, { site: at ?? "plant" })),
    fc.record({ name: structure, site }).map((data) => create("structure", { ...data, site: data.site ?? "plant" })),
    fc.record({ name: structure, parent: structure }).map(({ name, parent }) => merge("structure", name, { parent })),
    structure.map((name) => remove("structure", name)),
    fc
      .record({ name: fc.constantFrom("plant", "rack", "lab"), parent: site })
      .map(({ name, parent }) => merge("site", name, { parent })),
    fc.constantFrom("plant", "rack", "lab").map((name) => remove("site", name)),
  );
  const elsewhere = async (): Promise<unknown> => [
    await inventory.get(ADMINISTRATOR, "site", "lab"),
    await inventory.get(ADMINISTRATOR, "structure", "outside"),
  ];
  const before = await elsewhere();
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), async (edits, cascade) => {
      await inventory.edit(paul, edits, { cascade }).catch(() => undefined);
      expect(await elsewhere()).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

async function failure(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  const error = (await work.then(
    () => new Error("it was let through"),
    (thrown: unknown) => thrown,
  )) as Error & { readonly code?: string };
  return { code: error.code ?? "", message: error.message };
}
