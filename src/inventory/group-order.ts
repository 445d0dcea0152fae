import type { GroupData } from "./groups.ts";

/** In which order groups say what the variables of their structures are, and who is in which. Pure. */
export interface GroupOrder {
  /**
   * The groups whose variables a structure has that is named in these: they, those above them, and those that include one of these, as
   * far as that goes; in the order in which they apply: by depth, then priority, then name. Names of no group are left out.
   */
  effective(names: readonly string[]): readonly string[];
  /** The same, not kept: for going through many structures, hardly two of which are in the same groups. */
  effectiveOnce(names: readonly string[]): readonly string[];
  /** Groups on the longest way from a root to this one, itself not counted: 0 for a root. */
  depth(name: string): number;
}

type Groups = ReadonlyMap<string, Pick<GroupData, "parent" | "includes" | "priority">>;

const NONE: readonly string[] = [];
/** Combinations of groups that are kept. */
const MOST_KEPT = 50_000;
const known = new WeakMap<Groups, GroupOrder>();

/** Worked out once for the groups of a world. Circles, which nobody is let make, are cut: at each group once. */
export function groupOrder(groups: Groups): GroupOrder {
  const before = known.get(groups);
  if (before !== undefined) return before;
  const order = orderOf(groups);
  known.set(groups, order);
  return order;
}

function orderOf(groups: Groups): GroupOrder {
  const above = groupsAbove(groups);
  const depths = depthsOf(groups, above);
  const ofOne = new Map<string, readonly string[]>();
  const ofSeveral = new Map<string, readonly string[]>();

  const sorted = [...groups.keys()].sort(compare);
  const places = new Map(sorted.map((name, place) => [name, place]));

  function compare(a: string, b: string): number {
    const first = groups.get(a)!.priority;
    const second = groups.get(b)!.priority;
    return (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || first - second || (a < b ? -1 : a > b ? 1 : 0);
  }

  function collect(names: readonly string[]): readonly string[] {
    const seen = new Set<string>();
    const open = names.filter((name) => groups.has(name));
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      open.push(...(above.get(name) ?? NONE));
    }
    return [...seen].sort((a, b) => places.get(a)! - places.get(b)!);
  }

  /** A group and those above it, in their order. */
  function one(name: string): readonly string[] {
    const before = ofOne.get(name);
    if (before !== undefined) return before;
    const found = collect([name]);
    if (ofOne.size >= MOST_KEPT) ofOne.clear();
    ofOne.set(name, found);
    return found;
  }

  function several(names: readonly string[]): readonly string[] {
    const all: number[] = [];
    for (const name of names) for (const group of one(name)) all.push(places.get(group)!);
    all.sort((a, b) => a - b);
    const found: string[] = [];
    for (let at = 0; at < all.length; at += 1) if (all[at] !== all[at - 1]) found.push(sorted[all[at]!]!);
    return found;
  }

  function effectiveOnce(names: readonly string[]): readonly string[] {
    const [first] = names;
    if (first === undefined) return NONE;
    return names.length === 1 ? one(first) : several(names);
  }

  return {
    effectiveOnce,
    effective(names) {
      if (names.length < 2) return effectiveOnce(names);
      const key = names.join("\u0000");
      const before = ofSeveral.get(key);
      if (before !== undefined) return before;
      const found = several(names);
      if (ofSeveral.size >= MOST_KEPT) ofSeveral.clear();
      ofSeveral.set(key, found);
      return found;
    },
    depth: (name) => depths.get(name) ?? 0,
  };
}

/** For each group those whose structures include its own: its parent, and those that include it. */
function groupsAbove(groups: Groups): ReadonlyMap<string, ReadonlySet<string>> {
  const above = new Map<string, Set<string>>();
  function add(name: string, upper: string): void {
    const uppers = above.get(name);
    if (uppers === undefined) above.set(name, new Set([upper]));
    else uppers.add(upper);
  }
  for (const [name, { parent, includes }] of groups) {
    if (parent !== null && groups.has(parent)) add(name, parent);
    for (const one of includes) if (groups.has(one)) add(one, name);
  }
  return above;
}

/** Every group after all above it. Where a circle leaves none to go on with, the first by name goes on as if nothing were above it. */
function depthsOf(groups: Groups, above: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, number> {
  const below = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const name of groups.keys()) open.set(name, above.get(name)?.size ?? 0);
  for (const [name, uppers] of above) {
    for (const upper of uppers) {
      const list = below.get(upper);
      if (list === undefined) below.set(upper, [name]);
      else list.push(name);
    }
  }
  const depths = new Map<string, number>();
  const ready = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  const inOrder = [...groups.keys()].sort();
  for (let next = 0; ;) {
    for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
      if (!open.delete(name)) continue;
      const depth = depths.get(name) ?? 0;
      depths.set(name, depth);
      for (const lower of below.get(name) ?? NONE) {
        const left = open.get(lower);
        if (left === undefined) continue;
        depths.set(lower, Math.max(depths.get(lower) ?? 0, depth + 1));
        open.set(lower, left - 1);
        if (left === 1) ready.push(lower);
      }
    }
    while (next < inOrder.length && !open.has(inOrder[next]!)) next += 1;
    const stuck = inOrder[next];
    if (stuck === undefined) return depths;
    ready.push(stuck);
  }
}
