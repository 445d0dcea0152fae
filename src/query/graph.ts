import { siteChain } from "../inventory/index.ts";
import { keyOf, type QueryWorld, type Thing, type ThingKind, type ThingRef, type Tie } from "./model.ts";

/** Things and what each needs. */
export interface Graph {
  readonly things: ReadonlyMap<string, Thing>;
  /** What a thing needs or uses, by its key. */
  readonly ties: ReadonlyMap<string, readonly Tie[]>;
  /** Who needs or uses a thing, by its key: the other's key, and which of its ties it is. */
  readonly tiedTo: ReadonlyMap<string, readonly TiedTo[]>;
  /** Of complexes, by key: how many members must be up. */
  readonly quorum: ReadonlyMap<string, number>;
}

export interface TiedTo {
  readonly key: string;
  readonly tie: number;
}

/** Everything a question may be about, once: about as many ties as there are references in the inventory. */
export function graphOf(world: QueryWorld): Graph {
  const things = new Map<string, Thing>();
  const ties = new Map<string, Tie[]>();
  const quorum = new Map<string, number>();

  function thing(
    kind: ThingKind,
    name: string,
    rest: Partial<Thing>,
  ): (to: ThingRef | null, tie: Omit<Tie, "to">) => void {
    const one: Thing = { kind, name, site: null, type: null, state: null, ...rest };
    const list: Tie[] = [];
    const needed = new Set<string>();
    things.set(keyOf(one), one);
    ties.set(keyOf(one), list);
    return (to, tie) => {
      if (to === null || needed.has(keyOf(to))) return;
      if (tie.strength === "needs") needed.add(keyOf(to));
      list.push({ to, ...tie });
    };
  }

  for (const site of world.sites.values()) {
    const tie = thing("site", site.name, { site: site.parent, type: site.kind === "" ? null : site.kind });
    tie(ref("site", site.parent), { relation: "is in site", strength: "needs" });
  }
  for (const network of world.networks.values()) {
    const tie = thing("network", network.name, { site: network.site });
    tie(ref("site", network.site), { relation: "is in site", strength: "needs" });
  }
  for (const block of world.addressBlocks.values()) {
    const tie = thing("address_block", block.name, { site: block.site });
    tie(ref("network", block.network), { relation: "is on network", strength: "needs" });
    tie(ref("site", block.site), { relation: "is in site", strength: "needs" });
  }
  for (const complex of world.complexes.values()) {
    const tie = thing("complex", complex.name, { site: complex.site, type: complex.type });
    quorum.set(
      keyOf({ kind: "complex", name: complex.name }),
      Math.ceil((complex.members.length * complex.builtPercentage) / 100),
    );
    for (const member of complex.members) tie(ref("structure", member), { relation: "consists of", strength: "uses" });
  }
  for (const dependency of world.dependencies.values()) {
    const site = world.foundations.get(dependency.foundation)?.site ?? null;
    const tie = thing("dependency", dependency.name, { site, type: dependency.link, state: dependency.state });
    const needed = ref("structure", dependency.structure) ?? ref("dependency", dependency.dependency);
    tie(needed, { relation: "needs", strength: "needs" });
  }
  const networksOf = networksByOwner(world);
  for (const foundation of world.foundations.values()) {
    const { name, site, type, state, placedOn } = foundation;
    const tie = thing("foundation", name, { site, type, state });
    tie(ref("structure", placedOn), { relation: "runs on", strength: "needs" });
    // What runs on a member goes on when others of the complex fail.
    const offered = placedOn === null ? "needs" : "uses";
    tie(ref("complex", foundation.complex), { relation: "is offered by", strength: offered });
    for (const network of networksOf(`foundation ${name}`))
      tie(ref("network", network), { relation: "is on network", strength: "one of" });
    tie(ref("site", site), { relation: "is in site", strength: "needs" });
  }
  for (const dependency of world.dependencies.values()) {
    const strength = dependency.link === "hard" ? "needs" : "uses";
    const key = keyOf({ kind: "foundation", name: dependency.foundation });
    ties.get(key)?.push({ to: { kind: "dependency", name: dependency.name }, relation: "waits for", strength });
  }
  for (const structure of world.structures.values()) {
    const { name, site, blueprint, state, addresses } = structure;
    const tie = thing("structure", name, {
      site,
      type: blueprint,
      state: structure.foundation === null ? null : state,
    });
    tie(ref("foundation", structure.foundation), { relation: "stands on", strength: "needs" });
    tie(ref("structure", structure.parent), { relation: "is hosted by", strength: "needs" });
    for (const other of structure.dependsOn) tie(ref("structure", other), { relation: "depends on", strength: "uses" });
    for (const block of new Set(addresses.map((held) => held.block)))
      tie(ref("address_block", block), { relation: "has addresses of", strength: "one of" });
    for (const network of networksOf(`structure ${name}`))
      tie(ref("network", network), { relation: "is on network", strength: "one of" });
    tie(ref("site", site), { relation: "is in site", strength: "needs" });
  }
  return { things, ties, tiedTo: turned(ties), quorum };
}

function ref(kind: ThingKind, name: string | null | undefined): ThingRef | null {
  return name === null || name === undefined || name === "" ? null : { kind, name };
}

/** Networks by their interfaces. */
function networksByOwner(world: QueryWorld): (owner: string) => Iterable<string> {
  const found = new Map<string, Set<string>>();
  for (const { foundation, structure, network } of world.interfaces.values()) {
    if (network === null) continue;
    const owner = structure === null ? `foundation ${foundation}` : `structure ${structure}`;
    const set = found.get(owner);
    if (set === undefined) found.set(owner, new Set([network]));
    else set.add(network);
  }
  return (owner) => found.get(owner) ?? [];
}

function turned(ties: ReadonlyMap<string, readonly Tie[]>): ReadonlyMap<string, readonly TiedTo[]> {
  const back = new Map<string, TiedTo[]>();
  for (const [key, list] of ties) {
    for (const [tie, { to }] of list.entries()) {
      const others = back.get(keyOf(to));
      if (others === undefined) back.set(keyOf(to), [{ key, tie }]);
      else others.push({ key, tie });
    }
  }
  return back;
}

/** Whether something is in one of these sites, or below one. */
export function isWithin(world: Pick<QueryWorld, "sites">, site: string | null, wanted: string): boolean {
  return site !== null && siteChain(world, site).includes(wanted);
}
