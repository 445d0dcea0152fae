import fc from "fast-check";
import { expect, it } from "vitest";
import type { Snapshot } from "../inventory/index.ts";
import { inventoryFile, openImportBench } from "./testing/imports.ts";

const GROUPS = ["a", "b", "c", "d"];
const HOSTS = ["h1", "h2", "h3"];
const variables = fc.dictionary(fc.constantFrom("x", "y", "z"), fc.constantFrom<unknown>(1, "1", null, [1], { m: 1 }));

/** Inventories without circles: groups contain only later ones. */
const inventory = fc
  .record({
    groups: fc.subarray(GROUPS),
    hosts: fc.dictionary(fc.constantFrom(...HOSTS), fc.record({ groups: fc.subarray(GROUPS), variables })),
    children: fc.array(fc.tuple(fc.nat(3), fc.nat(4))),
    vars: fc.tuple(variables, variables, variables, variables),
    all: variables,
  })
  .map(({ groups, hosts, children, vars, all }) => {
    const made = Object.fromEntries(
      groups.map((name) => {
        const at = GROUPS.indexOf(name);
        const below = children.filter(([from, to]) => from === at && to > at).map(([, to]) => GROUPS[to] ?? "nowhere");
        const members = Object.keys(hosts).filter((host) => hosts[host]?.groups.includes(name));
        return [name, { hosts: members, children: below, vars: vars[at] }];
      }),
    );
    const named = Object.keys(hosts).filter((host) => hosts[host]?.groups.every((group) => !groups.includes(group)));
    const hostvars = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, host.variables]));
    return { all: { hosts: named, vars: all }, ...made, _meta: { hostvars } };
  });

/** What an inventory says, without its bookkeeping and the order in which it was written. */
function said(snapshot: Snapshot): unknown {
  return {
    groups: byName(snapshot.groups).map(({ name, parent, includes, variables: own }) => ({
      name,
      parent,
      includes: includes.toSorted(),
      own,
    })),
    structures: byName(snapshot.structures).map(({ name, groups, variables: own, site }) => ({
      name,
      groups: groups.toSorted(),
      own,
      site,
    })),
    sites: byName(snapshot.sites).map(({ name }) => name),
  };
}

function byName<Row extends { readonly name: string }>(rows: ReadonlyMap<string, Row>): readonly Row[] {
  return [...rows.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

it("brings any inventory to what a source says, whatever was imported before, and then has nothing to do", async () => {
  await fc.assert(
    fc.asyncProperty(inventory, inventory, async (before, after) => {
      const [moved, fresh] = [await openImportBench(), await openImportBench()];
      try {
        const source = { format: "ansible" as const, files: [inventoryFile(after)] };
        await moved.apply({ format: "ansible", files: [inventoryFile(before)] });
        expect((await moved.apply(source)).counts.conflict).toBe(0);
        await fresh.apply(source);
        expect(said(await moved.snapshot())).toEqual(said(await fresh.snapshot()));
        expect((await moved.plan(source)).empty).toBe(true);
      } finally {
        await moved.close();
        await fresh.close();
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);
