import type { Blueprint } from "../blueprints/index.ts";
import {
  createResolver,
  hashOf,
  occupants,
  type AddressBlock,
  type AddressBlockData,
  type BlueprintRow,
  type Foundation,
  type FoundationData,
  type ResolverOptions,
  type Site,
  type SiteData,
  type Snapshot,
  type Structure,
  type StructureData,
  type World,
} from "../inventory/index.ts";
import { canonicalJson } from "../kernel/json.ts";
import { allocateAddresses } from "./allocate.ts";
import { decideFoundation, decideStructure, type Grounds, type Outcome } from "./built.ts";
import { commonActions, compareKind, type Compared, type Decision } from "./decision.ts";
import { asPlanned, mergeAll, overlay, staying, withAddresses } from "./desired.ts";
import { createAsker } from "./differences.ts";
import {
  addressBlockFields,
  blueprintFields,
  change,
  foundationFields,
  sameValue,
  siteFields,
  structureFields,
} from "./fields.ts";
import { mergeAddressBlock, mergeBlueprint, mergeFoundation, mergeSite, mergeStructure } from "./merge.ts";
import type { Action, Design, DesignStructure, FieldChange, Observation, Plan, TargetKind } from "./model.ts";
import { decideRecords } from "./records.ts";

/** A plan, and what each of its rows will be: what `apply` writes. */
export interface Planned {
  readonly plan: Plan;
  readonly sites: readonly Decision<SiteData>[];
  readonly addressBlocks: readonly Decision<AddressBlockData>[];
  readonly blueprints: readonly Decision<Blueprint>[];
  readonly foundations: readonly Decision<FoundationData>[];
  readonly structures: readonly Decision<StructureData>[];
}

/** Who manages the rows of a design. */
export function ownerOf(design: string): string {
  return `design:${design}`;
}

/**
 * The difference between a design, the inventory, and what is: pure. Only rows of this design are ever destroyed; what somebody else wrote
 * is a conflict and stays. Throws `address_block_full` and `address_taken`.
 */
export function makePlan(
  design: Design,
  snapshot: Snapshot,
  observations: readonly Observation[],
  options: ResolverOptions = {},
): Planned {
  const owner = ownerOf(design.name);
  const sites = compareKind<SiteData, Site>(owner, design.sites, snapshot.sites, siteFields, siteFields);
  const blocks = compareKind<AddressBlockData, AddressBlock>(
    owner,
    design.addressBlocks,
    snapshot.addressBlocks,
    addressBlockFields,
    addressBlockFields,
  );
  const blueprints = compareKind<Blueprint, BlueprintRow>(
    owner,
    design.blueprints,
    snapshot.blueprints,
    blueprintFields,
    blueprintFields,
  );
  const foundations = compareKind<FoundationData, Foundation>(
    owner,
    design.foundations,
    snapshot.foundations,
    foundationFields,
    foundationFields,
  );
  const structures = compareKind<DesignStructure, Structure>(
    owner,
    design.structures,
    snapshot.structures,
    structureFields,
    structureFields,
  );

  const mergedBlocks = mergeAll(blocks, (row) => row, mergeAddressBlock);
  const mergedFoundations = mergeAll(foundations, (row) => row, mergeFoundation);
  const asked = mergeAll<DesignStructure, Structure>(structures, (row) => row, mergeStructure);
  const allBlocks = overlay<AddressBlockData, AddressBlock>(snapshot.addressBlocks, mergedBlocks);
  const addresses = allocateAddresses({
    wanted: asked,
    blocks: allBlocks,
    rows: snapshot.structures,
    goes: (row) => row.wanted === "absent" || row.managedBy === owner,
    places: design.places,
  });
  const mergedStructures = new Map(
    [...asked].map(([name, one]) => [name, withAddresses(one, addresses.get(name) ?? [])]),
  );

  const world: World = {
    ...snapshot,
    sites: overlay<SiteData, Site>(
      snapshot.sites,
      mergeAll(sites, (row) => row, mergeSite),
    ),
    addressBlocks: allBlocks,
    blueprints: overlay<Blueprint, BlueprintRow>(
      snapshot.blueprints,
      mergeAll(blueprints, (row) => row, mergeBlueprint),
    ),
    foundations: overlay<FoundationData, Foundation>(snapshot.foundations, mergedFoundations),
    structures: staying(owner, snapshot.structures, mergedStructures),
  };
  const worlds = { before: createResolver(asPlanned(snapshot), options), after: createResolver(world, options) };
  const grounds: Grounds = {
    worlds,
    askers: { before: createAsker(worlds.before), after: createAsker(worlds.after) },
    occupants: { before: occupants(snapshot.structures.values()), after: occupants(world.structures.values()) },
    observations: new Map(observations.map((one) => [one.foundationId, one])),
  };

  const siteRecords = decideRecords("site", sites, mergeSite);
  const blockRecords = decideRecords("address_block", blocks, mergeAddressBlock);
  const blueprintRecords = decideRecords("blueprint", blueprints, mergeBlueprint);
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
        ? undefined
        : `structure ${occupant}, which is not the design's, stands on it; it stays`;
    },
  );
  const builtStructures = decideBuilt("structure", structures, mergedStructures, (one, row, data) =>
    decideStructure(one, row, structureChanges(one, row, data), foundationOutcomes.get(data.foundation ?? ""), grounds),
  );

  const parts = [siteRecords, blockRecords, blueprintRecords, builtFoundations, builtStructures];
  const ends = [design.sites, design.addressBlocks, design.blueprints, design.foundations, design.structures].every(
    ({ size }) => size === 0,
  );
  const actions = inOrder(parts.map((part) => part.actions)).map((action) =>
    ends && action.kind === "destroy" ? { ...action, reason: "the design is taken down" } : action,
  );
  const counts = {
    unchanged: parts.reduce((sum, part) => sum + part.unchanged, 0),
    underway: builtFoundations.underway + builtStructures.underway,
  };
  return {
    plan: { design: design.name, actions, ...counts, fingerprint: fingerprintOf(design.name, actions) },
    sites: siteRecords.decisions,
    addressBlocks: blockRecords.decisions,
    blueprints: blueprintRecords.decisions,
    foundations: builtFoundations.decisions,
    structures: builtStructures.decisions,
  };
}

/** The same plan has the same fingerprint, in whatever order the inventory was read. */
function fingerprintOf(design: string, actions: readonly Action[]): string {
  const texts = actions
    .map((action) => canonicalJson({ ...action, fields: action.fields.map((field) => ({ ...field })) }))
    .sort();
  return hashOf([design, ...texts]);
}

type Built = Foundation | Structure;

function decideBuilt<Data, Merged, Row extends Built>(
  target: TargetKind & ("foundation" | "structure"),
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
        reason: row === undefined ? "new" : "wanted again",
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

/** What to know of something before it is made. */
function creationFields(data: unknown): readonly FieldChange[] {
  const { type, blueprint, addresses } = data as Partial<FoundationData & StructureData>;
  return [
    ...(type === undefined ? [] : [change("type", undefined, type)]),
    ...(blueprint === undefined ? [] : [change("blueprint", undefined, blueprint)]),
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
  const [from, to] = [addressTexts(row.addresses), addressTexts(data.addresses)];
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
