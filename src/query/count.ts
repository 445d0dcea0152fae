import { lineage } from "../blueprints/index.ts";
import type { Snapshot, Structure } from "../inventory/index.ts";
import { isWithin } from "./graph.ts";

export const COUNT_BY = ["site", "blueprint", "role", "state", "type"] as const;
export type CountBy = (typeof COUNT_BY)[number];

export interface CountQuestion {
  /** Made by this blueprint, or by one that builds upon it. */
  readonly blueprint?: string | undefined;
  /** In this site, or below it. */
  readonly site?: string | undefined;
  readonly role?: string | undefined;
  readonly state?: string | undefined;
  /** What the numbers are told apart by, in this order. */
  readonly by: readonly CountBy[];
}

export interface CountAnswer {
  readonly total: number;
  readonly items: readonly { readonly values: Readonly<Record<string, string | null>>; readonly count: number }[];
}

/** Tells structures that are meant by a question. What it found out of blueprints it keeps: to be asked of all structures in turn. */
export function countedBy(
  snapshot: Pick<Snapshot, "blueprints" | "sites">,
  { blueprint, site, role, state }: CountQuestion,
): (one: Structure) => boolean {
  const made = new Map<string, boolean>();
  function isMadeBy(blueprint: string | null, wanted: string): boolean {
    if (blueprint === null) return false;
    const known = made.get(blueprint);
    if (known !== undefined) return known;
    const is = lineage(snapshot.blueprints, blueprint).some(({ name }) => name === wanted);
    made.set(blueprint, is);
    return is;
  }
  return (one) =>
    (blueprint === undefined || isMadeBy(one.blueprint, blueprint)) &&
    (site === undefined || isWithin(snapshot, one.site, site)) &&
    (role === undefined || one.role === role) &&
    (state === undefined || stateOf(one) === state);
}

/** How many structures there are, told apart by what was asked; the most first. */
export function countStructures(
  snapshot: Pick<Snapshot, "structures" | "foundations" | "blueprints" | "sites">,
  structures: Iterable<Structure>,
  question: CountQuestion,
): CountAnswer {
  const groups = new Map<string, { values: Record<string, string | null>; count: number }>();
  let total = 0;
  const counts = countedBy(snapshot, question);
  for (const one of structures) {
    if (!counts(one)) continue;
    total += 1;
    const values = Object.fromEntries(question.by.map((by) => [by, valueOf(snapshot, one, by)]));
    const key = JSON.stringify(values);
    const counted = groups.get(key);
    if (counted === undefined) groups.set(key, { values, count: 1 });
    else counted.count += 1;
  }
  const items = [...groups.entries()]
    .toSorted(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1))
    .map(([, one]) => one);
  return { total, items };
}

function valueOf(snapshot: Pick<Snapshot, "foundations">, one: Structure, by: CountBy): string | null {
  switch (by) {
    case "site":
      return one.site;
    case "blueprint":
      return one.blueprint;
    case "role":
      return one.role;
    case "state":
      return stateOf(one);
    case "type":
      return snapshot.foundations.get(one.foundation ?? "")?.type ?? null;
  }
}

/** What nobody builds is only known. */
function stateOf(one: Structure): string {
  return one.foundation === null || one.blueprint === null ? "recorded" : one.state;
}
