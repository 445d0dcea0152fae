import type { Clock } from "../kernel/clock.ts";
import { findMatches } from "../platform/patterns/index.ts";
import { expressionsIn, type TargetWorld } from "./targets.ts";

/** Names that the expressions among targets match. Errors: `target_invalid`, `pattern_wrong`, `pattern_too_slow`. */
export async function matchesIn(
  lists: readonly (readonly string[] | undefined)[],
  names: readonly string[],
  clock: Clock,
): Promise<TargetWorld["matching"]> {
  const expressions = expressionsIn(lists);
  if (expressions.length === 0) return new Map();
  const found = await findMatches({ expressions, texts: names, clock });
  return new Map(expressions.map((one, index) => [one, new Set(found[index]!.map((number) => names[number]!))]));
}
