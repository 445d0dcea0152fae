import { foundationTypeFacts, lineage } from "../blueprints/index.ts";
import {
  attributesOf,
  foundationOf,
  isMade,
  membersNeeded,
  occupants,
  scriptStructureOf,
  siteChain,
  standingStructures,
  type Buildable as Build,
  type BuildRecord,
  type Dependency,
  type Foundation,
  type Managed,
  type Snapshot,
} from "../inventory/index.ts";
import type { Amounts, Buildable, ComplexView, DependencyView, ForemanView } from "./model.ts";

/** Jobs there may be at one time on foundations of a type and what stands on them, by type: the server's setting `job_limits`. */
export type DriverLimits = Readonly<Record<string, number>>;

/** The inventory as the foreman looks at it. Names become ids. Linear in what is built. */
export function foremanView(snapshot: Snapshot, drivers: DriverLimits = {}): ForemanView {
  const standing = standingStructures(snapshot);
  // What we do not build is of no concern but when its row is to go.
  const structures = standing.filter((one) => isMade(one) || one.wanted === "absent");
  const idOfStructure = new Map(structures.map((one) => [one.name, one.id]));
  const occupant = occupants(standing);
  const onFoundation = new Map<string, string[]>();
  for (const structure of structures) {
    // What is to move stands where it was built until it is taken off there.
    for (const name of new Set([structure.foundation, structure.build?.foundation ?? structure.foundation])) {
      if (name === null) continue;
      const list = onFoundation.get(name);
      if (list === undefined) onFoundation.set(name, [structure.id]);
      else list.push(structure.id);
    }
  }
  const { limits, of } = limitsOf(snapshot, drivers);
  return {
    foundations: [...snapshot.foundations.values()].map((one) => ({
      ...buildable(one, occupant.get(one.name)?.addresses ?? []),
      limits: of(one.site, one.blueprint, one.type),
      structures: onFoundation.get(one.name) ?? [],
      located: isLocated(one),
      complexId: one.complex === null ? null : (snapshot.complexes.get(one.complex)?.id ?? ""),
      placedOn: one.placedOn === null ? null : (snapshot.structures.get(one.placedOn)?.id ?? null),
      size: sizeOf(snapshot, one),
    })),
    structures: structures.map((one) => {
      const foundation = foundationOf(snapshot, one);
      return {
        ...buildable(one, one.addresses),
        limits: of(one.site, one.blueprint, foundation?.type),
        foundationId: foundation?.id ?? "",
        dependsOn: one.dependsOn.flatMap((name) => idOfStructure.get(name) ?? []),
      };
    }),
    dependencies: [...snapshot.dependencies.values()].map((one) => dependencyView(snapshot, one, of)),
    complexes: [...snapshot.complexes.values()].map((one): ComplexView => {
      const members = one.members.flatMap((name) => snapshot.structures.get(name) ?? []);
      const there = members.filter((member) => isMade(member) || member.wanted === "built");
      return {
        id: one.id,
        name: one.name,
        members: there.map(({ id, name }) => ({ id, name })),
        needed: membersNeeded(one),
        capacity: one.capacity,
      };
    }),
    limits,
  };
}

/** Whether it is known which machine it is, as far as one has to be found. */
export function isLocated({ type, locatedAt }: Pick<Foundation, "type" | "locatedAt">): boolean {
  return locatedAt !== null || foundationTypeFacts(type).origin === "made";
}

const NO_AMOUNTS: Amounts = {};

function sizeOf(snapshot: Snapshot, one: Foundation): Amounts {
  if (one.complex === null) return NO_AMOUNTS;
  const names = Object.keys(snapshot.complexes.get(one.complex)?.capacity ?? {});
  if (names.length === 0) return NO_AMOUNTS;
  const attributes = attributesOf(snapshot, one);
  return Object.fromEntries(
    names.flatMap((name) => {
      const amount = attributes[name];
      return typeof amount === "number" ? [[name, amount]] : [];
    }),
  );
}

/** What a dependency needs, and where its scripts run: as it was built, while something of it is there. */
function dependencyView(snapshot: Snapshot, one: Dependency, of: LimitsOfRow): DependencyView {
  const { structure, dependency } = one.build ?? one;
  const rows = snapshot.dependencies;
  const runsOn =
    one.createScript !== null || one.destroyScript !== null
      ? snapshot.structures.get(one.build?.scriptStructure ?? scriptStructureOf(rows, one.name) ?? "")
      : undefined;
  const needed = structure === null ? undefined : snapshot.structures.get(structure);
  return {
    ...buildable(one, []),
    limits: runsOn === undefined ? NO_LIMITS : of(runsOn.site, runsOn.blueprint, foundationOf(snapshot, runsOn)?.type),
    foundationId: snapshot.foundations.get(one.foundation)?.id ?? "",
    needs: needed !== undefined && !isMade(needed) ? null : (needed?.id ?? rows.get(dependency ?? "")?.id ?? ""),
    runsOn: runsOn === undefined || !isMade(runsOn) ? null : runsOn.id,
    link: one.link,
  };
}

type LimitsOfRow = (site: string, blueprint: string | null, type: string | undefined) => readonly string[];

const NO_LIMITS: readonly string[] = [];

/** The limits there are, and those that a job counts for. Sites and blueprints are few, and each is looked at once. */
function limitsOf(
  snapshot: Snapshot,
  drivers: DriverLimits,
): { readonly limits: ReadonlyMap<string, number>; readonly of: LimitsOfRow } {
  const limits = new Map<string, number>();
  for (const { name, maxJobs } of snapshot.sites.values()) if (maxJobs !== null) limits.set(`site ${name}`, maxJobs);
  for (const { name, maxJobs } of snapshot.blueprints.values())
    if (maxJobs !== null) limits.set(`blueprint ${name}`, maxJobs);
  for (const [name, most] of Object.entries(drivers)) limits.set(`driver ${name}`, most);
  if (limits.size === 0) return { limits, of: () => NO_LIMITS };
  const sites = remembering((name) => siteChain(snapshot, name).map((one) => `site ${one}`));
  const blueprints = remembering((name) => lineage(snapshot.blueprints, name).map((one) => `blueprint ${one.name}`));
  function of(site: string, blueprint: string | null, type: string | undefined): readonly string[] {
    const names = [
      ...sites(site),
      ...(blueprint === null ? NO_LIMITS : blueprints(blueprint)),
      ...(type === undefined ? NO_LIMITS : [`driver ${type}`]),
    ];
    return names.filter((name) => limits.has(name));
  }
  return { limits, of };
}

function remembering(list: (name: string) => readonly string[]): (name: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (name) => {
    const found = known.get(name) ?? list(name);
    known.set(name, found);
    return found;
  };
}

function buildable(
  one: Managed & Build<BuildRecord> & { readonly name: string },
  addresses: readonly { readonly address: string }[],
): Omit<Buildable, "limits"> {
  const takes = addresses.map(({ address }) => address);
  // What a job is at, or gave up, may have the addresses it was to get.
  const unsure = one.build === null || one.state === "building" || one.state === "failed";
  return {
    id: one.id,
    name: one.name,
    state: one.state,
    wanted: one.wanted,
    stale: one.stale,
    rebuild: one.rebuild,
    jobId: one.jobId,
    failed: one.failure !== null,
    holds: [...new Set([...(one.build?.addresses ?? []), ...(unsure ? takes : [])])],
    takes,
    since: one.updatedAt,
  };
}
