import { differingIn, type Differing } from "../inventory/index.ts";
import { contributionsOf, sees, type Contribution } from "./contributions.ts";
import { hostSets, type Draft } from "./draft.ts";
import { nameTaken, viewsIn, type Complaint, type Host, type NamedStructure, type NamedWorld } from "./hosts.ts";
import type { RecordSet, RenderedZone } from "./model.ts";
import { compareNames } from "./names.ts";
import { addBringer, type Rendered } from "./zones.ts";

/**
 * From zones and a change of structures to the zones after it: only the names that these structures have, had, or now get are worked out.
 * Whatever depends on more than that is not tried here: then all zones are made anew. Pure but for what it is given to change.
 */

/** More changes than these are not worth taking one by one. */
const MOST = 2000;

/** A name's sets before and after in a zone. */
export interface NameChange {
  readonly name: string;
  readonly before: readonly RecordSet[];
  readonly after: readonly RecordSet[];
}

/** The zones that changed, with how. */
export type ZoneChanges = ReadonlyMap<
  RenderedZone,
  { readonly after: RenderedZone; readonly names: readonly NameChange[] }
>;

/**
 * Brings what was rendered to another world, in place. Undefined: it cannot, and what was given is of no more use.
 */
export function changeRendered(rendered: Rendered, world: NamedWorld): ZoneChanges | undefined {
  if (!isSameFrame(rendered.world, world)) return undefined;
  const changes = changedStructures(rendered.world.structures, world.structures);
  if (changes.size > MOST) return undefined;
  const moved = moveHosts(rendered, changes, world);
  if (!countWishes(rendered, moved)) return undefined;
  const names = moveContributions(rendered, moved);
  const found = changedNames(rendered, names, world);
  if (found === undefined) return undefined;
  const done = new Map<RenderedZone, { readonly after: RenderedZone; readonly names: readonly NameChange[] }>();
  for (const [draft, changed] of found) {
    const before = rendered.zones.get(draft);
    if (before === undefined) continue;
    const after = { ...before, sets: withNames(before.sets, changed) };
    rendered.zones.set(draft, after);
    done.set(before, { after, names: changed });
  }
  return done;
}

/** Whether nothing is different that all names follow from. */
export function isSameFrame(before: NamedWorld, after: NamedWorld): boolean {
  return (
    isSameMap(before.zones, after.zones, (one, other) => one === other) &&
    isSameMap(before.sites, after.sites, (one, other) => one.parent === other.parent && one.zone === other.zone) &&
    isSameMap(
      before.addressBlocks,
      after.addressBlocks,
      (one, other) =>
        one.site === other.site && one.subnet === other.subnet && String(viewsIn(one)) === String(viewsIn(other)),
    )
  );
}

function isSameMap<Row>(
  before: ReadonlyMap<string, Row>,
  after: ReadonlyMap<string, Row>,
  same: (one: Row, other: Row) => boolean,
): boolean {
  for (const { before: one, after: other } of differingIn(before, after).values())
    if (one === undefined || other === undefined || !same(one, other)) return false;
  return true;
}

/** Structures whose names may be others. Jobs change structures all the time, and their names hardly ever. */
export function changedStructures(
  before: NamedWorld["structures"],
  after: NamedWorld["structures"],
): ReadonlyMap<string, Differing<NamedStructure>> {
  const found = new Map<string, Differing<NamedStructure>>();
  for (const [name, change] of differingIn(before, after))
    if (namedBy(change.before) !== namedBy(change.after)) found.set(name, change);
  return found;
}

function namedBy(structure: NamedStructure | undefined): string {
  if (structure === undefined) return "";
  const { hostname, site, zone, wanted, addresses } = structure;
  return JSON.stringify([hostname, site, zone, wanted === "absent", addresses]);
}

/** Hosts that go and come: one whose row changed does both. */
interface Moved {
  readonly gone: readonly Host[];
  readonly come: readonly Host[];
}

function moveHosts(
  { placing, claims, ofStructures, world: old }: Rendered,
  changes: ReadonlyMap<string, Differing<NamedStructure>>,
  world: NamedWorld,
): Moved {
  const wanted = new Set<string>();
  const leaves = new Map<string, string>();
  const arrives = new Map<string, string>();
  for (const [name, { before, after }] of changes) {
    const was = before === undefined ? undefined : placing(before).host?.name;
    const { host: is, complaint } = after === undefined ? {} : placing(after);
    ofStructures.delete(name);
    if (complaint !== undefined) ofStructures.set(name, [complaint]);
    if (was !== undefined) leaves.set(name, was);
    if (is !== undefined) arrives.set(name, is.name);
    for (const one of [was, is?.name]) if (one !== undefined) wanted.add(one);
  }
  const next = new Map<string, Set<string>>();
  const claimants = (one: string): Set<string> => {
    const known = next.get(one) ?? new Set(claims.get(one));
    next.set(one, known);
    return known;
  };
  for (const [name, one] of leaves) claimants(one).delete(name);
  for (const [name, one] of arrives) claimants(one).add(name);
  const gone: Host[] = [];
  const come: Host[] = [];
  const hostIn = (structures: NamedWorld["structures"], name: string | undefined): Host | undefined => {
    const row = name === undefined ? undefined : structures.get(name);
    return row === undefined ? undefined : placing(row).host;
  };
  for (const one of wanted) {
    const before = claims.get(one)?.[0];
    const after = [...claimants(one)].sort();
    if (after.length === 0) claims.delete(one);
    else claims.set(one, after);
    const [owner, ...others] = after;
    const [was, is] = [hostIn(old.structures, before), hostIn(world.structures, owner)];
    if (before !== owner || (owner !== undefined && changes.has(owner))) {
      if (was !== undefined) gone.push(was);
      if (is !== undefined) come.push(is);
      if (owner !== undefined) ofStructures.delete(owner);
    }
    for (const other of others) {
      const host = hostIn(world.structures, other);
      if (host !== undefined && owner !== undefined) ofStructures.set(other, [nameTaken(host, owner)]);
    }
  }
  return { gone, come };
}

/** False: a derived zone comes or goes. */
function countWishes({ derivation, wishes }: Rendered, { gone, come }: Moved): boolean {
  const steps = new Map<string, number>();
  const count = (hosts: readonly Host[], step: number): void => {
    for (const { addresses } of hosts)
      for (const held of addresses) {
        const wish = derivation.wishOf(held);
        if (wish !== null) steps.set(wish, (steps.get(wish) ?? 0) + step);
      }
  };
  count(gone, -1);
  count(come, 1);
  for (const [wish, step] of steps) {
    const before = wishes.get(wish) ?? 0;
    if ((before === 0) !== (before + step === 0)) return false;
    wishes.set(wish, before + step);
  }
  return true;
}

/** Names of which hosts bring something else, by zone. */
type NamesByZone = ReadonlyMap<string, ReadonlySet<string>>;

function moveContributions(rendered: Rendered, { gone, come }: Moved): NamesByZone {
  const { bringers, ofStructures, drafts, reverseZoneOf } = rendered;
  const names = new Map<string, Set<string>>();
  const note = ({ zone, name }: Contribution): void => {
    const known = names.get(zone);
    if (known === undefined) names.set(zone, new Set([name]));
    else known.add(name);
  };
  for (const host of gone)
    for (const record of contributionsOf(host, drafts, reverseZoneOf).records) {
      note(record);
      const left = (bringers.get(record.name) ?? []).filter((one) => one !== host.structure);
      if (left.length === 0) bringers.delete(record.name);
      else bringers.set(record.name, left);
    }
  for (const host of come) {
    const { records, complaints } = contributionsOf(host, drafts, reverseZoneOf);
    if (complaints.length > 0) ofStructures.set(host.structure, complaints as readonly Complaint[]);
    for (const record of records) {
      note(record);
      addBringer(bringers, record.name, host.structure);
    }
  }
  return names;
}

/** By draft, in the order of names. Undefined: something else depends on one of them. */
function changedNames(
  rendered: Rendered,
  names: NamesByZone,
  world: NamedWorld,
): ReadonlyMap<Draft, readonly NameChange[]> | undefined {
  const { drafts, bringers, placing, reverseZoneOf } = rendered;
  const found = new Map<Draft, readonly NameChange[]>();
  for (const [zone, ofZone] of names) {
    const brought = [...ofZone].sort(compareNames).map((name) => {
      const hosts = (bringers.get(name) ?? []).flatMap((one) => {
        const row = world.structures.get(one);
        return row === undefined ? [] : (placing(row).host ?? []);
      });
      const records = hosts
        .flatMap((host) => contributionsOf(host, drafts, reverseZoneOf).records)
        .filter((record) => record.zone === zone && record.name === name);
      return { name, records };
    });
    for (const draft of drafts.of(zone)) {
      const sets = rendered.zones.get(draft)?.sets ?? [];
      const changed: NameChange[] = [];
      for (const { name, records } of brought) {
        const depends = draft.dependsOn(name);
        if (depends === "values") return undefined;
        const before = setsAt(sets, name);
        const after = hostSets(
          draft.settings,
          name,
          records.filter((record) => sees(draft.view, record)),
        );
        // Whoever asks for the address of a zone that is not served finds none here to compare with.
        if (depends === "address" && (!rendered.zones.has(draft) || shapeOf(before) !== shapeOf(after)))
          return undefined;
        if (JSON.stringify(before) !== JSON.stringify(after)) changed.push({ name, before, after });
      }
      if (changed.length > 0) found.set(draft, changed);
    }
  }
  return found;
}

/** Whether there is something, and an address among it. */
function shapeOf(sets: readonly RecordSet[]): string {
  return sets.length === 0 ? "" : String(sets.some(({ type }) => type === "A" || type === "AAAA"));
}

/** Where a name's sets begin, or would. */
function placeOf(sets: readonly RecordSet[], name: string): number {
  let [low, high] = [0, sets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareNames(sets[middle]!.name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function setsAt(sets: readonly RecordSet[], name: string): readonly RecordSet[] {
  const start = placeOf(sets, name);
  let end = start;
  while (sets[end]?.name === name) end += 1;
  return sets.slice(start, end);
}

/** The sets with those of some names replaced. Names are in order. */
function withNames(sets: readonly RecordSet[], changes: readonly NameChange[]): readonly RecordSet[] {
  const parts: (readonly RecordSet[])[] = [];
  let last = 0;
  for (const { name, before, after } of changes) {
    const start = placeOf(sets, name);
    parts.push(sets.slice(last, start), after);
    last = start + before.length;
  }
  parts.push(sets.slice(last));
  return parts.flat();
}
