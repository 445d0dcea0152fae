import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createResolver, type Structure, type World } from "../inventory/index.ts";
import { partialColumns, rowOf, STRUCTURE } from "../inventory/rows.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createAnsiblePlanner } from "./ansible.ts";
import type { AnsibleInventory } from "./ansible-model.ts";
import { groupNamed, resolvedByAnsible, siteNamed, structureNamed, worldOf, worlds } from "./testing/worlds.ts";

function plan(world: World, hosts: readonly string[] = [...world.structures.keys()]) {
  return createAnsiblePlanner(world, { builtIn: true }).plan(hosts);
}

/** The same structures as rows that were read from a database: they keep their text. */
function asRead(world: World): World {
  const structures = [...world.structures].map(([name, one]) => {
    const columns = partialColumns(STRUCTURE, one as Structure);
    return [name, rowOf<Structure>(STRUCTURE, columns)] as const;
  });
  return { ...world, structures: new Map(structures) };
}

function hostsOf(inventory: AnsibleInventory): readonly object[] {
  return inventory.hosts.map(({ name, variables }) => ({ name, variables: variables() }));
}

function expected(world: World, host: string): JsonObject {
  const { values } = createResolver(world).structure(host);
  const address = world.structures.get(host)?.managementAddress ?? null;
  return address === null ? values : { ...values, ansible_host: address };
}

describe("an inventory for Ansible", () => {
  test.each([true, false])("resolves every host as we do (operators: %s)", (operators) => {
    fc.assert(
      fc.property(worlds(operators), (world) => {
        const inventory = plan(world);
        for (const host of world.structures.keys())
          expect(resolvedByAnsible(inventory, host)).toEqual(expected(world, host));
      }),
      { numRuns: 200 },
    );
  });

  test("of what was read from a database resolves them the same", () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        const inventory = plan(asRead(world));
        for (const host of world.structures.keys())
          expect(resolvedByAnsible(inventory, host)).toEqual(expected(world, host));
      }),
      { numRuns: 100 },
    );
  });

  test("of some hosts only resolves them the same", () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        const planner = createAnsiblePlanner(world, { builtIn: true });
        for (const host of world.structures.keys()) {
          const inventory = planner.plan([host], new Set());
          expect(resolvedByAnsible(inventory, host)).toEqual(expected(world, host));
          expect(inventory.hosts.map(({ name }) => name)).toEqual([host]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("keeps variables at their groups, and gives hosts only what differs", () => {
    const world = worldOf({
      variables: { dns: ["9.9.9.9"], motd: "hello" },
      sites: [siteNamed("s0", { variables: { ">dns": ["10.0.0.53"], region: "eu" } })],
      groups: [
        groupNamed("web", { variables: { port: 80, motd: "web" } }),
        groupNamed("tls", { parent: "web", variables: { port: 443 }, includes: ["nobody"] }),
        groupNamed("empty", { variables: { kept: true } }),
      ],
      structures: [
        structureNamed("web1", { groups: ["web"], managementAddress: "192.0.2.1" }),
        structureNamed("web2", { groups: ["tls"], variables: { ">dns": ["10.9.9.9"] } }),
      ],
    });
    const inventory = createAnsiblePlanner(world, { builtIn: false }).plan(["web1", "web2"]);
    expect(inventory.groups).toEqual([
      {
        name: "all",
        hosts: [],
        children: ["empty", "site_s0", "web"],
        priority: 1,
        variables: { dns: ["9.9.9.9"], motd: "hello" },
      },
      { name: "empty", hosts: [], children: [], priority: 1, variables: { kept: true } },
      {
        name: "site_s0",
        hosts: ["web1", "web2"],
        children: [],
        priority: 0,
        variables: { dns: ["9.9.9.9", "10.0.0.53"], region: "eu" },
      },
      { name: "tls", hosts: ["web2"], children: ["nobody"], priority: 1, variables: { port: 443 } },
      { name: "web", hosts: ["web1"], children: ["tls"], priority: 1, variables: { port: 80, motd: "web" } },
    ]);
    expect(hostsOf(inventory)).toEqual([
      { name: "web1", variables: { ansible_host: "192.0.2.1" } },
      { name: "web2", variables: { dns: ["9.9.9.9", "10.0.0.53", "10.9.9.9"] } },
    ]);
  });

  test("says nothing at a group for which a host has taken it away", () => {
    const world = worldOf({
      groups: [groupNamed("web", { variables: { motd: "web", port: 80 } })],
      structures: [
        structureNamed("web1", { groups: ["web"] }),
        structureNamed("web2", { groups: ["web"], variables: { "~motd": null } }),
      ],
    });
    const inventory = createAnsiblePlanner(world, { builtIn: false }).plan(["web1", "web2"]);
    expect(inventory.groups.find(({ name }) => name === "web")?.variables).toEqual({ port: 80 });
    expect(hostsOf(inventory)).toEqual([
      { name: "web1", variables: { motd: "web" } },
      { name: "web2", variables: {} },
    ]);
  });

  test("takes no name that users have", () => {
    const world = worldOf({
      sites: [siteNamed("s0", { variables: { a: 1 } })],
      groups: [groupNamed("site_s0", { includes: ["site_s0_"] })],
      structures: [structureNamed("site_s0__")],
    });
    expect(plan(world).groups.map(({ name }) => name)).toEqual(["all", "site_s0", "site_s0___"]);
  });

  test.each([
    [{ managementAddress: "192.0.2.1", variables: { ansible_host: "other" } }, "other"],
    [{ managementAddress: "192.0.2.1", variables: { ansible_ssh_host: "other" } }, undefined],
    [{ addresses: [{ block: "b", address: "192.0.2.7" }] }, "192.0.2.7"],
    [{}, undefined],
  ])("reaches a host by what is said of it: %j", (change, address) => {
    const world = worldOf({ structures: [structureNamed("h", change)] });
    expect(plan(world).hosts[0]?.variables()["ansible_host"]).toBe(address);
  });

  test.each([
    ["as it is", (world: World) => world],
    ["as it was read", asRead],
  ])("brings files along, each once, and puts their paths in their place: %s", (_name, given) => {
    const pem = { $file: "tls/web.pem", content: "-----BEGIN CERTIFICATE-----\n" };
    const world = worldOf({
      variables: { certificate: pem, both: { chain: [pem, { $file: "root.pem", base64: "AAEC" }] } },
      structures: [structureNamed("h", { variables: { mine: { ...pem, content: "other" } } })],
    });
    const { groups, hosts, files } = plan(given(world));
    expect(files.map(({ path, content }) => [path.slice(16), Buffer.from(content).toString()])).toEqual(
      expect.arrayContaining([
        ["/tls/web.pem", pem.content],
        ["/tls/web.pem", "other"],
        ["/root.pem", "\0\u0001\u0002"],
      ]),
    );
    expect(files).toHaveLength(3);
    expect(groups[0]?.variables["certificate"]).toMatch(
      /^\{\{ inventory_dir \}\}\/\.\.\/files\/[0-9a-f]{16}\/tls\/web\.pem$/,
    );
    expect(hosts[0]?.variables()["mine"]).not.toBe(groups[0]?.variables["certificate"]);
  });

  test.each([
    [{ $file: "../x", content: "" }, "must be a path inside the bundle"],
    [{ $file: "/etc/passwd", content: "" }, "must be a path inside the bundle"],
    [{ $file: "a//b", content: "" }, "must be a path inside the bundle"],
    [{ $file: ".ssh/x", content: "" }, "must be a path inside the bundle"],
    [{ $file: "x" }, "either content (text) or base64"],
    [{ $file: "x", content: "", base64: "" }, "and not both"],
    [{ $file: "x", base64: "?" }, "written in base64"],
    [{ $file: "x", content: 1 }, "content must be a text"],
    [{ $file: "x", content: "", mode: 1 }, "and no mode"],
  ])("refuses a file that is none: %j", (value, message) => {
    const world = worldOf({ structures: [structureNamed("h", { variables: { key: value } })] });
    expect(() => plan(world)).toThrowError(
      expect.objectContaining({ code: "file_variable_invalid", message: expect.stringContaining(message) as string }),
    );
    expect(() => plan(world)).toThrowError(/^host h, variable key: /);
  });
});
