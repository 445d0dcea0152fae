import type { Blueprint } from "../blueprints/index.ts";
import {
  createResolver,
  hashOf,
  isMade,
  occupants,
  type AddressBlockData,
  type ComplexData,
  type Dependency,
  type DependencyData,
  type FieldSchemaData,
  type Foundation,
  type FoundationData,
  type GroupData,
  type InterfaceData,
  type LinkData,
  type Managed,
  type NetworkData,
  type SiteData,
  type Snapshot,
  type Structure,
  type StructureData,
  type World,
  type ZoneData,
} from "../inventory/index.ts";
import { GantryError, problem } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/json.ts";
import { checkForeignOverlaps } from "./addresses.ts";
import { allocateAddresses } from "./allocate.ts";
import { withWhatFalls } from "./along.ts";
import { decideDependency, decideFoundation, decideStructure, type Grounds, type Outcome } from "./built.ts";
import { commonActions, compareKind, type Compared, type Decision } from "./decision.ts";
import { asPlanned, mergeAll, overlay, staying, withAddresses } from "./desired.ts";
import { createAsker } from "./differences.ts";
import { STILL_BUILT } from "./errors.ts";
import { change, sameValue } from "./fields.ts";
import { checkCustomFields } from "./custom-fields.ts";
import {
  ADDRESS_BLOCK,
  BLUEPRINT,
  COMPLEX,
  DEPENDENCY,
  FIELD_SCHEMA,
  FOUNDATION,
  GROUP,
  INTERFACE,
  LINK,
  NETWORK,
  SITE,
  STRUCTURE,
  ZONE,
} from "./kinds.ts";
import type { Kind } from "./members.ts";
import {
  placeKey,
  type Action,
  type Design,
  type DesignStructure,
  type FieldChange,
  type Observation,
  type Plan,
  type TargetKind,
} from "./model.ts";
import { decideRecords } from "./records.ts";
import { planTenant, type TenantPlan } from "./tenant.ts";

/** A plan, and what each of its rows will be: what `apply` writes. */
export interface Planned {
  readonly plan: Plan;
  /** The inventory as it will be. */
  readonly world: World;
  readonly tenant: TenantPlan;
  readonly fieldSchemas: readonly Decision<FieldSchemaData>[];
  readonly zones: readonly Decision<ZoneData>[];
  readonly sites: readonly Decision<SiteData>[];
  readonly networks: readonly Decision<NetworkData>[];
  readonly links: readonly Decision<LinkData>[];
  readonly addressBlocks: readonly Decision<AddressBlockData>[];
  readonly groups: readonly Decision<GroupData>[];
  readonly blueprints: readonly Decision<Blueprint>[];
  readonly complexes: readonly Decision<ComplexData>[];
  readonly foundations: readonly Decision<FoundationData>[];
  readonly structures: readonly Decision<StructureData>[];
  readonly dependencies: readonly Decision<DependencyData>[];
  readonly interfaces: readonly Decision<InterfaceData>[];
}

/** Who manages the rows of a design. */
export function ownerOf(design: string): string {
  return `design:${design}`;
}

/**
 * The difference between a design, the inventory, and what is: pure. Only rows of this design are ever destroyed; what somebody else wrote
 * is a conflict and stays. Throws `address_block_full` and `address_taken`.
 */
export function makePlan(design: Design, snapshot: Snapshot, observations: readonly Observation[]): Planned {
  const owner = ownerOf(design.name);
  const tenant = planTenant(owner, design.tenant, snapshot.tenant);
  const schemas = planRecords("field_schema", owner, design.fieldSchemas, snapshot.fieldSchemas, FIELD_SCHEMA);
  const zones = planRecords("zone", owner, design.zones, snapshot.zones, ZONE);
  const sites = planRecords("site", owner, design.sites, snapshot.sites, SITE);
  const networks = planRecords("network", owner, design.networks, snapshot.networks, NETWORK);
  const links = planRecords("link", owner, design.links, snapshot.links, LINK);
  const blocks = planRecords("address_block", owner, design.addressBlocks, snapshot.addressBlocks, ADDRESS_BLOCK);
  const groups = planRecords("group", owner, design.groups, snapshot.groups, GROUP);
  const blueprints = planRecords("blueprint", owner, design.blueprints, snapshot.blueprints, BLUEPRINT);
  const interfaces = planRecords("interface", owner, design.interfaces, snapshot.interfaces, INTERFACE);
  const complexes = planRecords("complex", owner, design.complexes, snapshot.complexes, COMPLEX);
  const foundations = compareKind<FoundationData, Foundation>(
    owner,
    design.foundations,
    snapshot.foundations,
    FOUNDATION,
  );
  const structures = compareKind<DesignStructure, Structure>(owner, design.structures, snapshot.structures, STRUCTURE);
  const dependencies = compareKind<DependencyData, Dependency>(
    owner,
    design.dependencies,
    snapshot.dependencies,
    DEPENDENCY,
  );
  checkStillBuilt(structures, design);
  checkForeignOverlaps(design, snapshot.addressBlocks, owner);

  const mergedFoundations = mergeAll(foundations, FOUNDATION);
  const mergedDependencies = mergeAll(dependencies, DEPENDENCY);
  const asked = mergeAll<DesignStructure, Structure>(structures, STRUCTURE);
  const addresses = allocateAddresses({
    wanted: asked,
    blocks: blocks.world,
    rows: snapshot.structures,
    goes: (row) => row.wanted === "absent" || row.managedBy === owner,
    places: design.places,
  });
  const mergedStructures = new Map(
    [...asked].map(([name, one]) => [name, withAddresses(one, addresses.get(name) ?? [])]),
  );

  const world: World = {
    tenant: { name: snapshot.tenant.name, variables: tenant.data.variables },
    zones: zones.world,
    sites: sites.world,
    networks: networks.world,
    links: links.world,
    addressBlocks: blocks.world,
    groups: groups.world,
    blueprints: blueprints.world,
    interfaces: interfaces.world,
    foundations: overlay<FoundationData, Foundation>(snapshot.foundations, mergedFoundations),
    structures: staying(owner, snapshot.structures, mergedStructures),
    complexes: complexes.world,
    dependencies: overlay<DependencyData, Dependency>(snapshot.dependencies, mergedDependencies),
  };
  checkCustomFields(design, {
    world,
    tenant: tenant.data,
    // A schema that goes with this plan holds nothing any more.
    schemas: [...schemas.world.values()].filter(
      ({ name }) => design.fieldSchemas.has(name) || snapshot.fieldSchemas.get(name)?.managedBy !== owner,
    ),
    before: snapshot.fieldSchemas,
  });
  const worlds = { before: createResolver(asPlanned(snapshot)), after: createResolver(world) };
  const grounds: Grounds = {
    worlds,
    askers: { before: createAsker(worlds.before), after: createAsker(worlds.after) },
    occupants: { before: occupants(snapshot.structures.values()), after: occupants(world.structures.values()) },
    observations: new Map(observations.map((one) => [one.foundationId, one])),
  };

  const neededBy = foreignNeeds(owner, snapshot);
  const foundationOutcomes = new Map<string, Outcome>();
  const builtFoundations = decideBuilt(
    "foundation",
    foundations,
    mergedFoundations,
    (one, row) => {
      const outcome = decideFoundation(one, row, grounds);
      foundationOutcomes.set(one.name, outcome);
      return outcome;
    },
    (name) => {
      const occupant = grounds.occupants.after.get(name)?.name;
      return occupant === undefined
        ? neededBy("foundation", name)
        : `structure ${occupant}, which is not the design's, stands on it; it stays`;
    },
  );
  const builtStructures = decideBuilt(
    "structure",
    structures,
    mergedStructures,
    (one, row, data) => {
      const below = foundationOutcomes.get(data.foundation ?? "");
      return decideStructure(one, row, structureChanges(one, row, data), below, grounds);
    },
    (name) => neededBy("structure", name),
  );

  const builtDependencies = decideBuilt("dependency", dependencies, mergedDependencies, (one, row, data) =>
    decideDependency(one, row, data, grounds),
  );

  const parts = [
    { ...tenant, decisions: [] },
    schemas,
    zones,
    sites,
    networks,
    links,
    blocks,
    groups,
    blueprints,
    complexes,
    builtFoundations,
    builtStructures,
    builtDependencies,
    interfaces,
  ];
  const ends = Object.values(design).every((part) => !(part instanceof Map) || part.size === 0);
  const all = inOrder(parts.map((part) => part.actions)).map((action) =>
    ends && action.kind === "destroy" ? { ...action, reason: "the design is taken down" } : action,
  );
  const actions = withWhatFalls(all, snapshot);
  const counts = {
    unchanged: parts.reduce((sum, part) => sum + part.unchanged, 0),
    underway: builtFoundations.underway + builtStructures.underway + builtDependencies.underway,
  };
  return {
    plan: { design: design.name, actions, ...counts, fingerprint: fingerprintOf(design.name, actions) },
    world,
    tenant,
    fieldSchemas: schemas.decisions,
    zones: zones.decisions,
    sites: sites.decisions,
    networks: networks.decisions,
    links: links.decisions,
    addressBlocks: blocks.decisions,
    groups: groups.decisions,
    blueprints: blueprints.decisions,
    complexes: complexes.decisions,
    foundations: builtFoundations.decisions,
    structures: builtStructures.decisions,
    dependencies: builtDependencies.decisions,
    interfaces: interfaces.decisions,
  };
}

/**
 * Why something that is to go cannot: a dependency or a complex of somebody else names it, and would name nothing; or what stays for that
 * reason stands on it.
 */
function foreignNeeds(
  owner: string,
  { complexes, dependencies, structures }: Snapshot,
): (kind: "foundation" | "structure", name: string) => string | undefined {
  const foundations = new Map<string, string>();
  const needed = new Map<string, string>();
  const others = <Row extends Managed>(rows: ReadonlyMap<string, Row>): readonly Row[] =>
    [...rows.values()].filter(({ managedBy, wanted }) => managedBy !== owner && wanted === "built");
  for (const { name, members } of others(complexes))
    for (const member of members) needed.set(member, `complex ${name}, which is not the design's, names it`);
  for (const { name, foundation, structure, scriptStructure } of others(dependencies)) {
    const reason = `dependency ${name}, which is not the design's, names it`;
    foundations.set(foundation, reason);
    for (const one of [structure, scriptStructure]) if (one !== null) needed.set(one, reason);
  }
  for (const name of needed.keys()) {
    const below = structures.get(name)?.foundation ?? null;
    if (below !== null) foundations.set(below, `structure ${name}, which stays, stands on it`);
  }
  return (kind, name) => {
    const reason = (kind === "structure" ? needed : foundations).get(name);
    return reason === undefined ? undefined : `${reason}; it stays`;
  };
}

/** What becomes of the rows of a kind nothing is run for, and what the world then has of it. */
function planRecords<Data, Row extends Data & Managed>(
  target: TargetKind,
  owner: string,
  wanted: ReadonlyMap<string, Data>,
  rows: ReadonlyMap<string, Row>,
  kind: Kind<Data>,
): ReturnType<typeof decideRecords<Data, Row>> & { readonly world: ReadonlyMap<string, Data> } {
  const compared = compareKind<Data, Row>(owner, wanted, rows, kind);
  const merged = mergeAll<Data, Row>(compared, kind);
  return { ...decideRecords(target, compared, merged), world: overlay<Data, Row>(rows, merged) };
}

/** What is built is not forgotten: a design that no longer says how it is built would leave it behind. Throws `still_built`. */
function checkStillBuilt(structures: readonly Compared<DesignStructure, Structure>[], design: Design): void {
  const problems = structures
    .filter(({ wanted, row, standing }) => {
      const left =
        wanted !== undefined && row !== undefined && standing !== "foreign" && isMade(row) && !isMade(wanted);
      return left && (row.state !== "planned" || row.jobId !== null);
    })
    .map(({ name }) => {
      const message = `structure '${name}' is built, and the design says no longer how: it has no blueprint or no foundation`;
      return problem(STILL_BUILT, message, design.places.get(placeKey("structure", name)));
    });
  const [first] = problems;
  if (first !== undefined) throw new GantryError(STILL_BUILT, first.message, { problems });
}

/** The same plan has the same fingerprint, in whatever order the inventory was read. */
function fingerprintOf(design: string, actions: readonly Action[]): string {
  const texts = actions
    .map((action) => canonicalJson({ ...action, fields: action.fields.map((field) => ({ ...field })) }))
    .sort();
  return hashOf([design, ...texts]);
}

type Built = Foundation | Structure | Dependency;

function decideBuilt<Data, Merged, Row extends Built>(
  target: TargetKind & ("foundation" | "structure" | "dependency"),
  compared: readonly Compared<Data, Row>[],
  merged: ReadonlyMap<string, Merged>,
  decide: (one: Compared<Data, Row>, row: Row, data: Merged) => Outcome,
  /** Why something that is to go cannot. */
  needed: (name: string) => string | undefined = () => undefined,
): { actions: readonly Action[]; decisions: readonly Decision<Merged>[]; unchanged: number; underway: number } {
  const actions: Action[] = [];
  const decisions: Decision<Merged>[] = [];
  let unchanged = 0;
  let underway = 0;
  for (const one of compared) {
    const { name, standing, row, applied } = one;
    const need = standing === "gone" ? needed(name) : undefined;
    if (need !== undefined) {
      actions.push({ kind: "conflict", target, name, reason: need, fields: [] });
      continue;
    }
    actions.push(...commonActions(target, one));
    const data = merged.get(name);
    if (standing === "leaving" && row !== undefined) {
      underway += 1;
      if (row.state !== "failed" || row.jobId !== null) continue;
      const reason = `could not be destroyed before: ${(row.failure?.message ?? "unknown").split("\n", 1)[0]}`;
      actions.push({ kind: "retry", target, name, reason, fields: [] });
      decisions.push({ name, data: null, applied, effect: "retry" });
    } else if (standing === "gone") decisions.push({ name, data: null, applied, effect: "none" });
    else if (data === undefined) continue;
    else if (row === undefined || standing === "returning") {
      actions.push({
        kind: "create",
        target,
        name,
        reason: `${row === undefined ? "new" : "wanted again"}${isRecorded(data) ? ", only recorded" : ""}`,
        fields: creationFields(data),
      });
      decisions.push({ name, data, applied, effect: row === undefined ? "record" : "rebuild" });
    } else {
      const outcome = decide(one, row, data);
      decisions.push({ name, data, applied, effect: outcome.effect });
      if (outcome.action !== undefined) actions.push({ target, name, ...outcome.action });
      else if (outcome.underway) underway += 1;
      else if (one.comparison.conflicts.length === 0) unchanged += 1;
    }
  }
  return { actions, decisions, unchanged, underway };
}

function isRecorded(data: unknown): boolean {
  const { blueprint } = data as Partial<StructureData>;
  return blueprint === null;
}

/** What to know of something before it is made. */
function creationFields(data: unknown): readonly FieldChange[] {
  const { type, blueprint, role, addresses } = data as Partial<FoundationData & StructureData>;
  const { complex } = data as Partial<FoundationData>;
  const { structure, dependency, link } = data as Partial<DependencyData>;
  return [
    ...(type === undefined ? [] : [change("type", undefined, type)]),
    ...(complex === undefined || complex === null ? [] : [change("complex", undefined, complex)]),
    ...(structure === undefined || structure === null ? [] : [change("structure", undefined, structure)]),
    ...(dependency === undefined || dependency === null ? [] : [change("dependency", undefined, dependency)]),
    ...(link === undefined ? [] : [change("link", undefined, link)]),
    ...(blueprint === undefined || blueprint === null ? [] : [change("blueprint", undefined, blueprint)]),
    ...(role === undefined || role === null ? [] : [change("role", undefined, role)]),
    ...(addresses === undefined || addresses.length === 0
      ? []
      : [change("addresses", undefined, addressTexts(addresses))]),
  ];
}

/** The fields of a structure that change; its addresses as they will be, whatever was asked for. */
function structureChanges(
  one: Compared<DesignStructure, Structure>,
  row: Structure,
  data: StructureData,
): readonly FieldChange[] {
  const written = [...one.comparison.changes, ...one.comparison.adopted].filter(({ path }) => path !== "addresses");
  const [from, to] = [row, data].map(({ addresses }) =>
    addresses.map(({ address, interface: port }) => (port === undefined ? address : `${address} on ${port}`)),
  );
  return sameValue(from, to) ? written : [...written, change("addresses", from, to)];
}

function addressTexts(addresses: StructureData["addresses"]): readonly string[] {
  return addresses.map(({ address }) => address);
}

/** What is made in the order of what stands on what; then what is destroyed, the other way round. */
function inOrder(parts: readonly (readonly Action[])[]): readonly Action[] {
  const destroyed = (action: Action): boolean => action.kind === "destroy";
  return [
    ...parts.flatMap((part) => part.filter((one) => !destroyed(one))),
    ...parts.toReversed().flatMap((part) => part.filter(destroyed)),
  ];
}
