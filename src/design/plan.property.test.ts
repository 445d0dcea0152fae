import fc from "fast-check";
import { expect, it } from "vitest";
import type { Snapshot, Structure } from "../inventory/index.ts";
import { countingRandom } from "../kernel/ids.ts";
import { writesOf } from "./apply.ts";
import { emptyDesign } from "./ingest.ts";
import type { Design } from "./model.ts";
import { makePlan } from "./plan.ts";
import { applied, designOf, emptySnapshot, settled, written } from "./testing.ts";

/** The machine may be busy with other tests. */
const PATIENCE = 60_000;

/** What may be different between two versions of a site. */
interface Shape {
  readonly webs: readonly {
    readonly name: number;
    readonly address: number | null;
    readonly greeting: string | null;
    readonly size: number | null;
    /** Whether its foundation is offered by the pool, when there is one. */
    readonly offered: boolean;
    /** How it waits for the switch. */
    readonly waits: "soft" | "hard" | null;
  }[];
  /** A complex, and which image it offers. */
  readonly pool: number | null;
  readonly greeting: string;
  readonly script: string;
  readonly balancer: boolean;
  /** Things that are only recorded, and what is said of them. */
  readonly devices: readonly {
    readonly name: number;
    readonly grouped: boolean;
    readonly addressed: boolean;
    readonly ports: number;
    readonly label: string | null;
  }[];
  readonly grouped: string | null;
  readonly tenant: string | null;
  readonly reserved: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  webs: fc.uniqueArray(
    fc.record({
      name: fc.nat(5),
      address: fc.option(fc.nat(3)),
      greeting: fc.option(fc.constantFrom("Hi", "Moin")),
      size: fc.option(fc.nat(1)),
      offered: fc.boolean(),
      waits: fc.option(fc.constantFrom("soft", "hard")),
    }),
    { selector: ({ name }) => name, maxLength: 5 },
  ),
  pool: fc.option(fc.nat(1)),
  greeting: fc.constantFrom("Hello", "Hej"),
  script: fc.constantFrom("pass", 'agent.run( command="x" )'),
  balancer: fc.boolean(),
  devices: fc.uniqueArray(
    fc.record({
      name: fc.nat(3),
      grouped: fc.boolean(),
      addressed: fc.boolean(),
      ports: fc.nat(2),
      label: fc.option(fc.constantFrom("a", "b")),
    }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  grouped: fc.option(fc.constantFrom("Servus", "Ahoi")),
  tenant: fc.option(fc.constantFrom("utc", "cet")),
  reserved: fc.nat(3),
});

/** Addresses asked for by name are the structure's own, so that every shape is a sound design. */
function designFrom({ webs, pool, greeting, script, balancer, devices, grouped, tenant, reserved }: Shape): Design {
  const recorded = devices.map(
    ({ name, grouped: isGrouped, addressed, ports, label }) => `  device${name}:
    site: lab
    groups: [${isGrouped ? "devices" : ""}]
    addresses: [${addressed ? "{ block: loopback }, { block: wide }" : ""}]
    labels: { ${label === null ? "" : `rack: ${label}`} }
    interfaces: { ${Array.from({ length: ports }, (_, port) => `eth${port}: { network: lan }`).join(", ")} }
`,
  );
  const text = webs.map(
    ({ name, address, greeting: own, size, offered }) => `  web${name}:
    site: lab
    blueprint: web
    foundation: { ${offered && pool !== null ? "complex: pool" : "type: local"}, blueprint: machine, attributes: { ${size === null ? "" : `size: ${size}`} } }
    groups: [webs]
    addresses: [{ block: loopback${address === null ? "" : `, address: 10.0.0.${100 + name * 10 + address}`} }]
    variables: { ${own === null ? "" : `greeting: ${own}`} }
`,
  );
  const last = balancer
    ? `  balancer:
    site: lab
    blueprint: balancer
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loopback }]
    depends_on: [${[...webs.map(({ name }) => `web${name}`), ...devices.map(({ name }) => `device${name}`)].join(", ")}]
`
    : "";
  const kept = Array.from({ length: reserved }, (_, index) => `10.0.0.${index + 1} kept`).join(", ");
  const waiting = webs.flatMap(({ name, waits }) =>
    waits === null
      ? []
      : [`  wait${name}: { foundation: web${name}, structure: switch, link: ${waits}, create_script: port }\n`],
  );
  const offering = `complexes: { pool: { site: lab, type: local, attributes: { image: ${pool} }, members: [switch] } }`;
  return designOf(`design: d
${tenant === null ? "" : `tenant: { variables: { clock: ${tenant} } }`}
sites: { lab: { variables: { greeting: ${greeting} } } }
networks: { lan: { site: lab } }
groups:
  all: { variables: { ${grouped === null ? "" : `greeting: ${grouped}`} } }
  webs: { parent: all }
  devices: { parent: all }
address_blocks:
  loopback: { site: lab, subnet: 10.0.0.0/24, reserved: [${kept}] }
  wide: { site: lab, subnet: fd00::/64, dynamic: ["fd00::1-fd00::ffff:ffff"] }
blueprints:
  machine: { builds: foundation, scripts: { create: pass } }
  web: { builds: structure, scripts: { create: '${script}' } }
  switch: { builds: structure, scripts: { create: pass, port: '${script}' } }
  balancer: { builds: structure, scripts: { create: 'members = inventory.structures( blueprint="web" )' } }
${pool === null ? "" : offering}
structures:
  switch: { site: lab, blueprint: switch, foundation: { type: local, blueprint: machine } }
${text.join("")}${recorded.join("")}${last}
dependencies:
${waiting.join("")}`);
}

/** What people, other designs, jobs and failures make of single rows, by position. */
const disturbance = fc.record({
  at: fc.nat(10),
  what: fc.constantFrom<Partial<Structure>>(
    { managedBy: "person" },
    { managedBy: "design:other" },
    { description: "by hand" },
    { labels: { rack: "by hand", more: "by hand" } },
    { groups: ["all"], role: "by hand" },
    { variables: { greeting: "by hand", more: 1 } },
    { state: "failed", build: null, failure: { role: "create", message: "no", jobId: null, at: 0 } },
    { state: "failed", failure: { role: "update", message: "no", jobId: null, at: 0 } },
    { state: "failed", failure: { role: "destroy", message: "no", jobId: null, at: 0 } },
    { state: "building", jobId: "job" },
    { state: "planned", build: null },
    { stale: true },
    { rebuild: true },
    { wanted: "absent" },
    { wanted: "absent", state: "destroying", jobId: "job" },
  ),
});

function disturbed(snapshot: Snapshot, disturbances: readonly { at: number; what: Partial<Structure> }[]): Snapshot {
  const structures = new Map(snapshot.structures);
  const names = [...structures.keys()];
  for (const { at, what } of disturbances) {
    const row = structures.get(names[at % Math.max(1, names.length)] ?? "");
    // One at a time: two together may be what no program ever writes.
    if (row !== undefined && row === snapshot.structures.get(row.name)) structures.set(row.name, { ...row, ...what });
  }
  return { ...snapshot, structures };
}

const history = fc.record({ first: shape, disturbances: fc.array(disturbance, { maxLength: 4 }), second: shape });

/** Nobody else's row is written, and no two structures have one address. */
function expectOnlyItsOwn(before: Snapshot, design: Design): void {
  const writes = writesOf(makePlan(design, before, []), before, { random: countingRandom(), now: 0 });
  for (const row of [...Object.values(writes.insert), ...Object.values(writes.update)].flat())
    expect(row.managedBy).toBe("design:d");
  for (const row of writes.update.structures) expect(before.structures.get(row.name)?.managedBy).toBe("design:d");
  const held = [...written(before, writes).structures.values()]
    .filter(({ wanted }) => wanted === "built")
    .flatMap(({ addresses }) => addresses.map(({ address }) => address));
  expect(new Set(held).size).toBe(held.length);
}

/** Applied twice, a design does no more than once. */
function expectEnough(after: Snapshot, design: Design): void {
  const again = makePlan(design, after, []);
  expect(again.plan.actions.filter(({ kind }) => kind !== "conflict")).toEqual([]);
  const writes = writesOf(again, after, { random: countingRandom(), now: 0 });
  expect([...Object.values(writes.insert), ...Object.values(writes.update)].flat()).toEqual([]);
}

it(
  "whatever was there: a plan writes nothing of others, applied twice it does no more than once, and built it leaves nothing to do",
  () => {
    fc.assert(
      fc.property(history, ({ first, disturbances, second }) => {
        const before = disturbed(settled(applied(emptySnapshot(), designFrom(first)).after), disturbances);
        const design = designFrom(second);
        expectOnlyItsOwn(before, emptyDesign("d"));
        expectOnlyItsOwn(before, design);
        const { after } = applied(before, design);
        expectEnough(after, design);
        // Applied and built, nothing is left to do.
        const kinds = makePlan(design, settled(after), []).plan.actions.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind !== "conflict")).toEqual([]);
      }),
      { numRuns: 100 },
    );
  },
  PATIENCE,
);
