import type { Graph } from "./graph.ts";
import { keyOf, type Relation, type Thing, type ThingRef, type Tie } from "./model.ts";

/** `down`: it does not work any more. `impaired`: it goes on, without something it uses. */
export type Effect = "down" | "impaired";

export interface Affected {
  readonly thing: Thing;
  readonly effect: Effect;
  /** What brought it there first: it `relation` that. */
  readonly because: { readonly relation: Relation; readonly thing: ThingRef };
  /** How many steps it is away from what went down, at least 1. */
  readonly distance: number;
}

/**
 * What is affected when things go down, nearest first, and by name. What goes down itself is not in it. The answer does not depend on
 * the order of the inventory: effects only grow, from nothing over `impaired` to `down`.
 */
export function affectedBy(graph: Graph, roots: readonly ThingRef[]): readonly Affected[] {
  const effects = new Map<string, Effect>();
  const found = new Map<string, Affected>();
  const rootKeys = new Set(roots.map(keyOf));
  for (const key of rootKeys) effects.set(key, "down");
  let wave = new Set(rootKeys);
  for (let distance = 1; wave.size > 0; distance += 1) {
    const next = new Map<string, Affected>();
    for (const key of [...wave].toSorted()) {
      for (const dependent of graph.tiedTo.get(key) ?? []) {
        const its = keyOf(dependent);
        if (rootKeys.has(its) || next.has(its)) continue;
        const now = effectOn(graph, its, effects);
        if (now === undefined || effects.get(its) === now.effect || effects.get(its) === "down") continue;
        const { relation, to } = now.tie;
        next.set(its, {
          thing: graph.things.get(its)!,
          effect: now.effect,
          because: { relation, thing: to },
          distance,
        });
      }
    }
    for (const [key, one] of next) {
      effects.set(key, one.effect);
      found.set(key, one);
    }
    wave = new Set(next.keys());
  }
  return [...found.values()].toSorted(
    (a, b) =>
      (a.effect === b.effect ? 0 : a.effect === "down" ? -1 : 1) ||
      a.distance - b.distance ||
      compare(keyOf(a.thing), keyOf(b.thing)),
  );
}

/** What has become of a thing, and the tie that says most about why. */
function effectOn(
  graph: Graph,
  key: string,
  effects: ReadonlyMap<string, Effect>,
): { readonly effect: Effect; readonly tie: Tie } | undefined {
  const ties = graph.ties.get(key) ?? [];
  const hit = ties.filter(({ to }) => effects.has(keyOf(to)));
  const first = hit[0];
  if (first === undefined) return undefined;
  const isDown = ({ to }: Tie): boolean => effects.get(keyOf(to)) === "down";
  const needed = hit.find((tie) => tie.strength === "needs" && isDown(tie));
  if (needed !== undefined) return { effect: "down", tie: needed };
  const choices = ties.filter(({ strength }) => strength === "one of");
  if (choices.length > 0 && choices.every(isDown)) return { effect: "down", tie: choices[0]! };
  const quorum = graph.quorum.get(key);
  if (quorum !== undefined) {
    const members = ties.filter(({ relation }) => relation === "consists of");
    const lost = members.filter(isDown);
    if (members.length - lost.length < quorum) return { effect: "down", tie: lost[0]! };
  }
  return { effect: "impaired", tie: hit.find(isDown) ?? first };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
