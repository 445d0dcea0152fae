import { DEFAULT_TENANT } from "../access/index.ts";
import {
  createResolver,
  isMade,
  UNDESCRIBED,
  dependencyInputs,
  foundationInputs,
  occupants,
  recordQuery,
  structureInputs,
  structures,
  type InventoryWrites,
  type Snapshot,
} from "../inventory/index.ts";
import { problemText } from "../kernel/errors.ts";
import { countingRandom } from "../kernel/ids.ts";
import { forgotten, tenantOf, writesOf } from "./apply.ts";
import { ingest, type IngestOptions } from "./ingest.ts";
import type { Design, Observation } from "./model.ts";
import { makePlan } from "./plan.ts";
import { planText } from "./text.ts";

/** Helpers of this room's tests. */

/** A small site in the form of the quickstart: webs on local foundations, and a balancer that depends on them. */
export function siteFile(more: { webs?: number; balancer?: boolean } = {}): string {
  const webs = Array.from({ length: more.webs ?? 2 }, (_, index) => `web${index + 1}`);
  const structures = webs.map(
    (name) => `  ${name}:
    site: lab
    blueprint: web
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loopback }]
`,
  );
  const balancer = `  balancer:
    site: lab
    blueprint: balancer
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loopback, address: 127.80.0.100 }]
    depends_on: [${webs.join(", ")}]
`;
  return `design: quickstart
sites:
  lab:
    kind: lab
    variables: { greeting: Hello, http_port: 8080 }
address_blocks:
  loopback: { site: lab, subnet: 127.80.0.0/24 }
blueprints:
  machine:
    builds: foundation
    foundation_types: [local]
    scripts:
      create: |
        foundation.create()
        foundation.power_on()
      destroy: foundation.destroy()
  web:
    builds: structure
    foundation_blueprints: [machine]
    scripts:
      create: |
        agent.add( template="index.html", to="index.html" )
    templates:
      index.html: "{{ greeting }} from {{ structure.name }}"
  balancer:
    builds: structure
    foundation_blueprints: [machine]
    scripts:
      create: |
        members = inventory.structures( blueprint="web" )
structures:
${structures.join("")}${more.balancer === false ? "" : balancer}`;
}

/** A design from one document; fails the test when it has problems. */
export function designOf(text: string, files: Record<string, string> = {}): Design {
  const { design, problems } = ingest({ documents: [{ path: "site.yaml", text }], files });
  if (design === null) throw new Error(problems.map(problemText).join("\n"));
  return design;
}

/** What is wrong with one document, line by line. */
export function problemsOf(text: string, files: Record<string, string> = {}, more: IngestOptions = {}): string {
  const { problems } = ingest({ documents: [{ path: "site.yaml", text }], files }, more);
  return problems.map(problemText).join("\n");
}

/** The inventory of a tenant that has nothing. */
export function emptySnapshot(): Snapshot {
  const tenant = { ...DEFAULT_TENANT, description: "", variables: {}, ...UNDESCRIBED };
  const row = { managedBy: "person", applied: {}, wanted: "built", version: 1, createdAt: 0, updatedAt: 0 } as const;
  return {
    tenant: { ...tenant, ...row },
    revision: 0,
    sites: new Map(),
    groups: new Map(),
    networks: new Map(),
    links: new Map(),
    interfaces: new Map(),
    zones: new Map(),
    fieldSchemas: new Map(),
    addressBlocks: new Map(),
    blueprints: new Map(),
    foundations: new Map(),
    structures: new Map(),
    complexes: new Map(),
    dependencies: new Map(),
  };
}

const random = countingRandom();

/** Plans and applies, as the service would, and returns the plan's text and the inventory after it. */
export function applied(
  snapshot: Snapshot,
  design: Design,
  observations: readonly Observation[] = [],
): { text: string; after: Snapshot } {
  const planned = makePlan(design, snapshot, observations);
  const context = { random, now: 1000 };
  const writes = writesOf(planned, snapshot, context);
  const after = written(snapshot, writes);
  const gone = new Set(forgotten(writes).map(({ table, name }) => `${table} ${name}`));
  return {
    text: planText(planned.plan),
    after: {
      ...after,
      tenant: tenantOf(planned, snapshot, context) ?? snapshot.tenant,
      structures: new Map([...after.structures].filter(([name]) => !gone.has(`structure ${name}`))),
      dependencies: new Map([...after.dependencies].filter(([name]) => !gone.has(`dependency ${name}`))),
    },
  };
}

export function planOf(snapshot: Snapshot, design: Design, observations: readonly Observation[] = []): string {
  return planText(makePlan(design, snapshot, observations).plan);
}

/** The inventory after writes. */
export function written(snapshot: Snapshot, { insert, update }: InventoryWrites): Snapshot {
  function put<Row extends { readonly name: string }>(
    rows: ReadonlyMap<string, Row>,
    more: readonly Row[],
  ): ReadonlyMap<string, Row> {
    return new Map([...rows, ...more.map((row) => [row.name, row] as const)]);
  }
  return {
    ...snapshot,
    fieldSchemas: put(snapshot.fieldSchemas, [...insert.fieldSchemas, ...update.fieldSchemas]),
    zones: put(snapshot.zones, [...insert.zones, ...update.zones]),
    sites: put(snapshot.sites, [...insert.sites, ...update.sites]),
    networks: put(snapshot.networks, [...insert.networks, ...update.networks]),
    links: put(snapshot.links, [...insert.links, ...update.links]),
    addressBlocks: put(snapshot.addressBlocks, [...insert.addressBlocks, ...update.addressBlocks]),
    groups: put(snapshot.groups, [...insert.groups, ...update.groups]),
    blueprints: put(snapshot.blueprints, [...insert.blueprints, ...update.blueprints]),
    foundations: put(snapshot.foundations, [...insert.foundations, ...update.foundations]),
    structures: put(snapshot.structures, [...insert.structures, ...update.structures]),
    complexes: put(snapshot.complexes, [...insert.complexes, ...update.complexes]),
    dependencies: put(snapshot.dependencies, [...insert.dependencies, ...update.dependencies]),
    interfaces: put(snapshot.interfaces, [...insert.interfaces, ...update.interfaces]),
  };
}

/** What the foreman makes of an inventory when every job ends well. Balancers have asked for the webs. */
export function settled(snapshot: Snapshot): Snapshot {
  function staying<Row extends { readonly wanted: string }>(rows: ReadonlyMap<string, Row>): [string, Row][] {
    return [...rows].filter(([, row]) => row.wanted === "built");
  }
  const base = {
    ...snapshot,
    fieldSchemas: new Map(staying(snapshot.fieldSchemas)),
    zones: new Map(staying(snapshot.zones)),
    sites: new Map(staying(snapshot.sites)),
    networks: new Map(staying(snapshot.networks)),
    links: new Map(staying(snapshot.links)),
    groups: new Map(staying(snapshot.groups)),
    interfaces: new Map(staying(snapshot.interfaces)),
    addressBlocks: new Map(staying(snapshot.addressBlocks)),
    blueprints: new Map(staying(snapshot.blueprints)),
    foundations: new Map(staying(snapshot.foundations)),
    structures: new Map(staying(snapshot.structures)),
    complexes: new Map(staying(snapshot.complexes)),
    dependencies: new Map(staying(snapshot.dependencies)),
  };
  const resolver = createResolver(base);
  const standing = occupants(base.structures.values());
  const done = { state: "built", stale: false, rebuild: false, jobId: null, failure: null } as const;
  const question = { blueprint: "web" };
  return {
    ...base,
    foundations: new Map(
      [...base.foundations].map(([name, row]) => [
        name,
        { ...row, ...done, build: foundationInputs(resolver, name, standing.get(name)) },
      ]),
    ),
    dependencies: new Map(
      [...base.dependencies].map(([name, row]) => [name, { ...row, ...done, build: dependencyInputs(base, name) }]),
    ),
    structures: new Map(
      [...base.structures].map(([name, row]) => {
        if (!isMade(row)) return [name, row];
        const queries = row.blueprint === "balancer" ? [recordQuery(question, structures(resolver, question))] : [];
        return [name, { ...row, ...done, build: { ...structureInputs(resolver, name), queries } }];
      }),
    ),
  };
}
