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

/** How many structures there are, told apart by what was asked; the most first. */
export function countStructures(
  snapshot: Pick<Snapshot, "structures" | "foundations" | "blueprints" | "sites">,
  structures: Iterable<Structure>,
  question: CountQuestion,
): CountAnswer {
  const counts = new Map<string, { values: Record<string, string | null>; count: number }>();
  let total = 0;
  const made = new Map<string, boolean>();
  function isMadeBy(blueprint: string | null, wanted: string): boolean {
    if (blueprint === null) return false;
    const known = made.get(blueprint);
    if (known !== undefined) return known;
    const is = lineage(snapshot.blueprints, blueprint).some(({ name }) => name === wanted);
    made.set(blueprint, is);
    return is;
  }
  for (const one of structures) {
    const { blueprint, site, role, state } = question;
    if (blueprint !== undefined && !isMadeBy(one.blueprint, blueprint)) continue;
    if (site !== undefined && !isWithin(snapshot, one.site, site)) continue;
    if (role !== undefined && one.role !== role) continue;
    if (state !== undefined && stateOf(one) !== state) continue;
    total += 1;
    const values = Object.fromEntries(question.by.map((by) => [by, valueOf(snapshot, one, by)]));
    const key = JSON.stringify(values);
    const counted = counts.get(key);
    if (counted === undefined) counts.set(key, { values, count: 1 });
    else counted.count += 1;
  }
  const items = [...counts.entries()]
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
