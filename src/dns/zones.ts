import { createComplaints, problemsOf } from "./complaints.ts";
import { contributionsOf, sees, type ReverseZoneOf } from "./contributions.ts";
import { delegate, nameServers } from "./delegation.ts";
import { createDerivation, type Derivation } from "./derived.ts";
import { createDraft, type Draft, type Drafts } from "./draft.ts";
import { DNS_NAMESERVER_INVALID } from "./errors.ts";
import {
  createPlacing,
  nameTaken,
  type Complaint,
  type Host,
  type NamedStructure,
  type NamedWorld,
  type Placing,
} from "./hosts.ts";
import type { RenderedZone, Rendering } from "./model.ts";
import { wholeName } from "./names.ts";
import { declaredZones, rangesOf, createReverseIndex, zoneAround, type SettingsByName } from "./settings.ts";
import { addRecords, dropDangling } from "./written.ts";

/** Zones with everything they were made by, so that the next ones may be made from them: see `changes.ts`. */
export interface Rendered {
  readonly world: NamedWorld;
  readonly placing: (structure: NamedStructure) => Placing;
  readonly derivation: Derivation;
  readonly drafts: Drafts;
  readonly reverseZoneOf: ReverseZoneOf;
  /** Structures that want a name, by that name. The first one in order has it. */
  readonly claims: Map<string, readonly string[]>;
  /** Structures that bring records of a name. */
  readonly bringers: Map<string, readonly string[]>;
  /** How many addresses ask for a derived zone. */
  readonly wishes: Map<string, number>;
  /** What is left out because of a structure, by its name. */
  readonly ofStructures: Map<string, readonly Complaint[]>;
  readonly ofZones: readonly Complaint[];
  /** Those that are served, by their draft. */
  readonly zones: Map<Draft, RenderedZone>;
}

/**
 * What of a world belongs into DNS: forward zones as they are declared, reverse zones as address blocks ask for them. Pure. What cannot
 * be served is left out and told as a problem; nothing is made up.
 */
export function renderZones(world: NamedWorld): Rendering {
  const steps = renderSteps(world);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return renderingOf(step.value);
  }
}

/** By name, then by view. */
export function renderingOf({ zones, ofStructures, ofZones }: Rendered): Rendering {
  let problems: Rendering["problems"] | undefined;
  return {
    zones: [...zones.values()].sort(byNameAndView),
    // Put together when somebody asks: there may be one for each structure.
    get problems() {
      problems ??= problemsOf([...ofZones, ...[...ofStructures.values()].flat()]);
      return problems;
    },
  };
}

/** So many structures are a step. */
const STEP = 500;

/** All zones anew, in small steps, so that a server may do other things between them. */
export function* renderSteps(world: NamedWorld): Generator<void, Rendered> {
  const complaints = createComplaints();
  const declared = declaredZones(world.zones.values(), complaints);
  const placing = createPlacing(world, declared);
  const ofStructures = new Map<string, readonly Complaint[]>();
  const claims = new Map<string, readonly string[]>();
  const hosts = yield* hostsOf(world, placing, claims, ofStructures);
  const derivation = createDerivation(world, declared);
  const zones = derivation.zones(hosts, complaints);
  yield;
  const drafts = createDrafts(zones);
  const reverseZoneOf = createReverseIndex(zones);
  const bringers = new Map<string, readonly string[]>();
  const wishes = new Map<string, number>();
  for (const [index, host] of hosts.entries()) {
    const { records, complaints: own } = contributionsOf(host, drafts, reverseZoneOf);
    if (own.length > 0) ofStructures.set(host.structure, own);
    for (const { zone, name, type, value, views } of records) {
      addBringer(bringers, name, host.structure);
      for (const draft of drafts.of(zone)) if (sees(draft.view, { views })) draft.addOfHost(name, type, value);
    }
    for (const held of host.addresses) {
      const wish = derivation.wishOf(held);
      if (wish !== null) wishes.set(wish, (wishes.get(wish) ?? 0) + 1);
    }
    if (index % STEP === STEP - 1) yield;
  }
  for (const draft of drafts.all) addRecords(draft, drafts, reverseZoneOf, complaints);
  addRangeAliases(zones, drafts);
  const served = drafts.all.flatMap((draft) => {
    const servers = nameServers(draft, zones, drafts, complaints);
    if (servers.length > 0) return [{ draft, primary: servers[0]! }];
    complaints.add(DNS_NAMESERVER_INVALID, draft.settings.name, `zone ${draft.settings.name} has no name server`);
    return [];
  });
  for (const { draft } of served) delegate(draft, zones, drafts, complaints);
  yield;
  const rendered = new Map<Draft, RenderedZone>();
  for (const { draft, primary } of served) {
    draft.dropCnames(complaints);
    dropDangling(draft, complaints);
    rendered.set(draft, draft.finish(primary));
    yield;
  }
  return {
    world,
    placing,
    derivation,
    drafts,
    reverseZoneOf,
    claims,
    bringers,
    wishes,
    ofStructures,
    ofZones: complaints.all(),
    zones: rendered,
  };
}

/** The structures that have an address, and a name for it. */
function* hostsOf(
  world: NamedWorld,
  placing: Rendered["placing"],
  claims: Rendered["claims"],
  ofStructures: Rendered["ofStructures"],
): Generator<void, readonly Host[]> {
  const hosts: Host[] = [];
  let count = 0;
  for (const structure of [...world.structures.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    count += 1;
    if (count % STEP === 0) yield;
    const { host, complaint } = placing(structure);
    if (complaint !== undefined) ofStructures.set(structure.name, [complaint]);
    if (host === undefined) continue;
    const others = claims.get(host.name);
    claims.set(host.name, others === undefined ? [structure.name] : [...others, structure.name]);
    if (others === undefined) hosts.push(host);
    else ofStructures.set(structure.name, [nameTaken(host, others[0]!)]);
  }
  return hosts;
}

export function addBringer(bringers: Rendered["bringers"], name: string, structure: string): void {
  const known = bringers.get(name);
  if (known === undefined) bringers.set(name, [structure]);
  else if (!known.includes(structure)) bringers.set(name, [...known, structure]);
}

function createDrafts(zones: SettingsByName): Drafts {
  const byZone = new Map<string, readonly Draft[]>();
  for (const zone of zones.values()) {
    const views = zone.views.length === 0 ? [null] : zone.views;
    byZone.set(
      zone.name,
      views.map((view) => createDraft(zone, view)),
    );
  }
  for (const zone of zones.values()) {
    const parent = zoneAround(zones, zone.name, true);
    for (const record of zone.records.filter(({ type }) => type === "NS"))
      for (const draft of byZone.get(zone.name) ?? []) draft.cut(wholeName(record.name, zone.name));
    for (const draft of parent === undefined ? [] : (byZone.get(parent.name) ?? [])) draft.cut(zone.name);
  }
  return { all: [...byZone.values()].flat(), of: (zone) => byZone.get(zone) ?? [] };
}

/** Every address that a zone of RFC 2317 holds is looked up in the zone above, where its name leads there. */
function addRangeAliases(zones: SettingsByName, drafts: Drafts): void {
  for (const [octets, ranges] of rangesOf(zones)) {
    const around = zoneAround(zones, octets);
    for (const draft of around === undefined ? [] : drafts.of(around.name)) {
      const done = new Set<number>();
      for (const { zone, first, last } of ranges) {
        for (let octet = first; octet <= last; octet += 1) {
          if (done.has(octet)) continue;
          done.add(octet);
          draft.add(`${octet}.${octets}`, "CNAME", `${octet}.${zone.name}.`);
        }
      }
    }
  }
}

function byNameAndView(
  a: { readonly name: string; readonly view: string | null },
  b: { readonly name: string; readonly view: string | null },
): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return (a.view ?? "") < (b.view ?? "") ? -1 : 1;
}
