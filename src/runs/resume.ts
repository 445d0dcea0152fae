import type { Definition } from "./model.ts";
import type { VerbResult } from "./results.ts";

/** What is left of a run that ended: what failed, and what was not done. Pure. */

const GOOD: readonly string[] = ["ok", "changed"];

/**
 * The lines left to do, by entry and node. What is done once is not done again wherever it went well. A QUERY behind which something is left is
 * asked again of every node of its entry.
 */
export function leftOf(
  definition: Definition,
  results: readonly VerbResult[],
): (entry: number, node: string) => readonly number[] {
  const once = new Set(
    results
      .filter(({ job, state }) => definition.lines[job - 1]!.runOnce && GOOD.includes(state))
      .map(({ job }) => job - 1),
  );
  const left = new Map<string, number[]>();
  const lastLeft = new Map<number, number>();
  const onceLeft = definition.lines.flatMap(({ runOnce }, line) => (runOnce && !once.has(line) ? [line] : []));
  for (const { entry, node, job, state } of results) {
    const line = job - 1;
    if (GOOD.includes(state) || definition.lines[line]!.runOnce) continue;
    const key = `${entry} ${node}`;
    left.set(key, [...(left.get(key) ?? []), line]);
    lastLeft.set(entry, Math.max(lastLeft.get(entry) ?? -1, line));
  }
  for (const line of onceLeft) {
    const { entry } = definition.lines[line]!;
    lastLeft.set(entry, Math.max(lastLeft.get(entry) ?? -1, line));
  }
  return (entry, node) => {
    const own = new Set(left.get(`${entry} ${node}`));
    for (const line of onceLeft) if (definition.lines[line]!.entry === entry) own.add(line);
    const last = lastLeft.get(entry) ?? -1;
    for (const { entry: of, query, to } of definition.stages)
      if (of === entry && query && to - 1 < last) own.add(to - 1);
    return [...own].sort((a, b) => a - b);
  };
}
