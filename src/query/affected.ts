import type { Graph, TiedTo } from "./graph.ts";
import { keyOf, type Relation, type Thing, type ThingRef } from "./model.ts";

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
  const lose = losses(graph);
  let wave: readonly string[] = [...rootKeys];
  for (let distance = 1; wave.length > 0; distance += 1) {
    const next = new Map<string, { readonly effect: Effect; readonly tie: number }>();
    for (const key of wave.toSorted()) {
      for (const dependent of graph.tiedTo.get(key) ?? []) {
        const its = dependent.key;
        if (effects.get(its) === "down") continue;
        const now =
          effects.get(key) === "down" ? lose(dependent) : ({ effect: "impaired", tie: dependent.tie } as const);
        if (now.effect === "impaired" && effects.has(its)) continue;
        const before = next.get(its);
        if (before === undefined || isWorse(now, before)) next.set(its, now);
      }
    }
    for (const [key, { effect, tie }] of next) {
      const { relation, to } = graph.ties.get(key)![tie]!;
      effects.set(key, effect);
      found.set(key, { thing: graph.things.get(key)!, effect, because: { relation, thing: to }, distance });
    }
    wave = [...next.keys()];
  }
  return [...found.values()].toSorted(
    (a, b) =>
      (a.effect === b.effect ? 0 : a.effect === "down" ? -1 : 1) ||
      a.distance - b.distance ||
      compare(keyOf(a.thing), keyOf(b.thing)),
  );
}

/** Down before impaired; of two reasons the one that stands first. */
function isWorse(
  one: { readonly effect: Effect; readonly tie: number },
  other: { readonly effect: Effect; readonly tie: number },
): boolean {
  return one.effect === other.effect ? one.tie < other.tie : one.effect === "down";
}

/**
 * What becomes of a thing when what it is tied to goes down. To be told each such end once: what has several of a kind counts them, so that
 * however many there are, each costs the same.
 */
function losses(graph: Graph): (lost: TiedTo) => { readonly effect: Effect; readonly tie: number } {
  const counts = new Map<string, { lost: number; readonly bearable: number; first: number }>();

  /** Of things that stand for each other: how many may be lost. */
  function bearable(key: string): number {
    const ties = graph.ties.get(key) ?? [];
    const quorum = graph.quorum.get(key);
    if (quorum !== undefined) return ties.length - quorum;
    return ties.filter(({ strength }) => strength === "one of").length - 1;
  }

  return ({ key, tie }) => {
    const { strength, relation } = graph.ties.get(key)![tie]!;
    if (strength === "needs") return { effect: "down", tie };
    if (strength === "uses" && relation !== "consists of") return { effect: "impaired", tie };
    const count = counts.get(key) ?? { lost: 0, bearable: bearable(key), first: tie };
    counts.set(key, count);
    count.lost += 1;
    count.first = Math.min(count.first, tie);
    return count.lost > count.bearable ? { effect: "down", tie: count.first } : { effect: "impaired", tie };
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
