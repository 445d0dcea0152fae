import fc from "fast-check";
import {
  UNDESCRIBED,
  type ComplexData,
  type GroupData,
  type SiteData,
  type StructureData,
  type World,
} from "../../inventory/index.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { AnsibleInventory } from "../ansible-model.ts";

/** Worlds for tests of the export, and Ansible's rule in a few lines. */

export function groupNamed(name: string, change: Partial<GroupData> = {}): GroupData {
  return {
    name,
    kind: "",
    description: "",
    parent: null,
    includes: [],
    priority: 0,
    variables: {},
    configuration: null,
    ...UNDESCRIBED,
    ...change,
  };
}

export function siteNamed(name: string, change: Partial<SiteData> = {}): SiteData {
  return {
    name,
    kind: "",
    description: "",
    parent: null,
    variables: {},
    zone: null,
    maxJobs: null,
    ...UNDESCRIBED,
    ...change,
  };
}

export function structureNamed(name: string, change: Partial<StructureData> = {}): StructureData {
  return {
    name,
    hostname: name,
    site: "s0",
    blueprint: null,
    foundation: null,
    description: "",
    variables: {},
    parent: null,
    role: null,
    managementAddress: null,
    groups: [],
    zone: null,
    addresses: [],
    dependsOn: [],
    ...UNDESCRIBED,
    ...change,
  };
}

function complexNamed(name: string, type: string, attributes: JsonObject): ComplexData {
  return {
    name,
    site: "s0",
    description: "",
    type,
    members: [],
    builtPercentage: 90,
    attributes,
    capacity: {},
    ...UNDESCRIBED,
  };
}

export interface WorldParts {
  readonly variables?: JsonObject;
  readonly sites?: readonly SiteData[];
  readonly groups?: readonly GroupData[];
  readonly blueprints?: World["blueprints"];
  readonly foundations?: World["foundations"];
  readonly structures?: readonly StructureData[];
  readonly complexes?: readonly ComplexData[];
}

export function worldOf(parts: WorldParts): World {
  return {
    tenant: { name: "default", variables: parts.variables ?? {} },
    sites: named(parts.sites ?? [siteNamed("s0")]),
    groups: named(parts.groups ?? []),
    networks: new Map(),
    links: new Map(),
    interfaces: new Map(),
    zones: new Map(),
    addressBlocks: new Map(),
    blueprints: parts.blueprints ?? new Map(),
    foundations: parts.foundations ?? new Map(),
    structures: named(parts.structures ?? []),
    complexes: named(parts.complexes ?? []),
    dependencies: new Map(),
  };
}

function named<Row extends { readonly name: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

const SIGNS = ["", "", "", "", "", "<", ">", "-", "~"] as const;

/** Variables whose operators always fit: every value is a list. `_` of operators stay rare, as in life. */
function variables(operators: boolean): fc.Arbitrary<JsonObject> {
  const key = fc
    .tuple(
      operators ? fc.constantFrom(...SIGNS) : fc.constant(""),
      fc.constantFrom("a", "b", "c", "d", "e"),
      operators ? fc.constantFrom("", "", "", "", ":local", ":Container") : fc.constant(""),
    )
    .map((parts) => parts.join(""));
  return fc.dictionary(key, fc.array(fc.constantFrom("x", "y", 1, true), { maxLength: 2 }), {
    maxKeys: 4,
  }) as fc.Arbitrary<JsonObject>;
}

const GROUP_NAMES = ["web", "db", "all", "ungrouped", "site_s0", "blueprint_b0", "a-b", "9x", "x.yml"];

/** Worlds of a few structures in overlapping groups, with deep sites, priorities, inclusions and operators. */
export function worlds(operators = true): fc.Arbitrary<World> {
  const vars = variables(operators);
  return fc
    .record({
      tenant: vars,
      sites: fc.array(fc.record({ parent: fc.nat(3), variables: vars }), { minLength: 1, maxLength: 4 }),
      blueprints: fc.array(fc.record({ parents: fc.array(fc.nat(3), { maxLength: 2 }), variables: vars }), {
        maxLength: 4,
      }),
      groups: fc.array(
        fc.record({
          parent: fc.option(fc.nat(8), { nil: null }),
          includes: fc.array(fc.oneof(fc.nat(8), fc.constant("nobody")), { maxLength: 2 }),
          priority: fc.integer({ min: -2, max: 2 }),
          variables: vars,
        }),
        { maxLength: GROUP_NAMES.length },
      ),
      order: fc.shuffledSubarray(GROUP_NAMES, { minLength: GROUP_NAMES.length }),
      foundation: fc.record({ attributes: vars, type: fc.constantFrom("local", "docker") }),
      offered: fc.option(vars, { nil: null }),
      structures: fc.array(
        fc.record({
          site: fc.nat(3),
          blueprint: fc.option(fc.nat(3), { nil: null }),
          foundation: fc.boolean(),
          groups: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
          variables: vars,
          managementAddress: fc.option(fc.constant("192.0.2.1"), { nil: null }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    })
    .map((made) => {
      const groupNames = made.order.slice(0, made.groups.length);
      const siteOf = (index: number): string => `s${index % made.sites.length}`;
      const groups = made.groups.map((one, index): GroupData => {
        // Parents and inclusions lead to later ones only, so there is no circle.
        const later = groupNames.slice(index + 1);
        const earlier = groupNames.slice(0, index);
        return groupNamed(groupNames[index]!, {
          parent: one.parent === null ? null : (earlier[one.parent] ?? null),
          includes: [
            ...new Set(
              one.includes.map((to) => (typeof to === "string" ? to : later[to])).filter((to) => to !== undefined),
            ),
          ],
          priority: one.priority,
          variables: one.variables,
        });
      });
      const foundation = {
        name: "f0",
        site: "s0",
        complex: made.offered === null ? null : "c0",
        systemUuid: null,
        blueprint: "machine",
        variables: {},
        ...UNDESCRIBED,
        ...made.foundation,
      };
      return worldOf({
        variables: made.tenant,
        sites: made.sites.map((one, index) =>
          siteNamed(`s${index}`, { parent: one.parent < index ? `s${one.parent}` : null, variables: one.variables }),
        ),
        groups,
        blueprints: new Map(
          made.blueprints.map((one, index) => [
            `b${index}`,
            {
              name: `b${index}`,
              builds: "structure",
              description: "",
              parents: [...new Set(one.parents.filter((parent) => parent < index).map((parent) => `b${parent}`))],
              variables: one.variables,
              scripts: {},
              templates: {},
              foundationTypes: [],
              foundationBlueprints: [],
              interfaces: [],
              hardware: null,
              maxJobs: null,
            },
          ]),
        ),
        foundations: new Map([["f0", foundation]]),
        complexes: made.offered === null ? [] : [complexNamed("c0", made.foundation.type, made.offered)],
        structures: made.structures.map((one, index) =>
          structureNamed(`h${index}`, {
            site: siteOf(one.site),
            blueprint:
              one.blueprint === null || made.blueprints.length === 0
                ? null
                : `b${one.blueprint % made.blueprints.length}`,
            foundation: one.foundation ? "f0" : null,
            groups: [...new Set(one.groups.map((to) => groupNames[to]).filter((to) => to !== undefined))],
            variables: one.variables,
            managementAddress: one.managementAddress,
          }),
        ),
      });
    });
}

/** What Ansible makes of an inventory for one host, by its documented rule: `all`, groups by depth, priority and name, the host. */
export function resolvedByAnsible(inventory: AnsibleInventory, host: string): JsonObject {
  const groups = new Map(inventory.groups.map((group) => [group.name, group]));
  function depth(name: string): number {
    if (name === "all") return 0;
    const parents = inventory.groups.filter(({ children }) => children.includes(name));
    return 1 + Math.max(0, ...parents.map((parent) => depth(parent.name)));
  }
  const member = new Set<string>(["all"]);
  let before = 0;
  for (const group of inventory.groups) if (group.hosts.includes(host)) member.add(group.name);
  while (before !== member.size) {
    before = member.size;
    for (const group of inventory.groups) if (group.children.some((child) => member.has(child))) member.add(group.name);
  }
  const ordered = [...member]
    .map((name) => ({ name, depth: depth(name), priority: groups.get(name)?.priority ?? 1 }))
    .sort((a, b) => a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1));
  const values: Record<string, Json> = {};
  for (const { name } of ordered) {
    // What is written for these is not found by Ansible, or not given to all of their hosts.
    if (name !== "ungrouped" && name !== "x.yml") Object.assign(values, groups.get(name)?.variables);
  }
  return Object.assign(values, inventory.hosts.find(({ name }) => name === host)?.variables());
}
