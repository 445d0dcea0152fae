import { foundationTypeFacts } from "../blueprints/index.ts";
import type { Graph } from "./graph.ts";
import { keyOf, type Relation, type Thing, type ThingRef } from "./model.ts";

export interface Used {
  readonly thing: Thing;
  /** Who uses it, and how: the first on the way. */
  readonly by: { readonly relation: Relation; readonly thing: ThingRef };
  readonly distance: number;
}

export interface UsesAnswer {
  readonly items: readonly Used[];
  /** Foundations among them, by what they are. */
  readonly totals: Readonly<Record<FoundationForm, number>>;
}

export const FOUNDATION_FORMS = ["machine", "vm", "container", "other"] as const;
export type FoundationForm = (typeof FOUNDATION_FORMS)[number];

/** Everything things stand on and use, through foundations, complexes and dependencies, nearest first. Sites are not followed. */
export function usedBy(graph: Graph, roots: readonly ThingRef[]): UsesAnswer {
  const seen = new Set(roots.map(keyOf));
  const items: Used[] = [];
  let wave: readonly ThingRef[] = roots;
  for (let distance = 1; wave.length > 0; distance += 1) {
    const next: ThingRef[] = [];
    for (const from of wave) {
      for (const { to, relation } of graph.ties.get(keyOf(from)) ?? []) {
        const thing = graph.things.get(keyOf(to));
        if (to.kind === "site" || thing === undefined || seen.has(keyOf(to))) continue;
        seen.add(keyOf(to));
        items.push({ thing, by: { relation, thing: from }, distance });
        next.push(to);
      }
    }
    wave = next;
  }
  return { items, totals: totalsOf(items.map(({ thing }) => thing)) };
}

/** Machines, virtual machines and containers among things. */
export function totalsOf(things: readonly Thing[]): Readonly<Record<FoundationForm, number>> {
  const totals = { machine: 0, vm: 0, container: 0, other: 0 };
  for (const { kind, type } of things) if (kind === "foundation") totals[formOf(type ?? "")] += 1;
  return totals;
}

/** What a foundation of a type is, by the classes of the type. */
export function formOf(type: string): FoundationForm {
  const { classes } = foundationTypeFacts(type);
  if (classes.includes("Machine")) return "machine";
  if (classes.includes("VM")) return "vm";
  return classes.includes("Container") ? "container" : "other";
}
