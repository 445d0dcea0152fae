import type { Snapshot } from "../inventory/index.ts";
import { listText } from "./decision.ts";
import type { Action } from "./model.ts";

/**
 * Plans say what comes down with something else although the design asks nothing of it: what was placed on a host, what waits for something
 * by a hard dependency, and what stands on that. The foreman takes it down first and builds it again. Pure.
 */
export function withWhatFalls(actions: readonly Action[], snapshot: Snapshot): readonly Action[] {
  const leaving = actions.filter(({ kind, target }) => goes(kind) && BUILT.includes(target));
  if (leaving.length === 0) return actions;
  const above = aboveOf(snapshot);
  // Each is said once, at the first that it falls with; what has an action of its own says it there.
  const told = new Set(leaving.map(({ target, name }) => `${target} ${name}`));
  return actions.map((action) => {
    const { kind, target, name, reason } = action;
    if (!goes(kind) || !BUILT.includes(target)) return action;
    const found: string[] = [];
    const open = [...above(`${target} ${name}`, kind === "replace")];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (told.has(one)) continue;
      told.add(one);
      found.push(one);
      open.push(...above(one, true));
    }
    if (found.length === 0) return action;
    const are = found.length === 1 ? "is" : "are";
    return {
      ...action,
      reason: `${reason}; ${listText(found.sort(byKind))} ${are} taken down before, and built again`,
    };
  });
}

const BUILT: readonly Action["target"][] = ["foundation", "structure", "dependency"];

function goes(kind: Action["kind"]): boolean {
  return kind === "replace" || kind === "destroy";
}

/** What runs is told first. */
function byKind(one: string, other: string): number {
  const rank = (key: string): number => ["structure", "foundation", "dependency"].indexOf(key.split(" ", 1)[0] ?? "");
  return rank(one) - rank(other) || (one < other ? -1 : 1);
}

/** What stands on a thing or hangs on it, as `foundation web1`. `again`: it is made anew, and does not go for good. */
function aboveOf({
  foundations,
  structures,
  dependencies,
}: Snapshot): (key: string, again: boolean) => readonly string[] {
  const always = new Map<string, string[]>();
  /** Foundations of hard dependencies that are made anew: one that goes for good lets its foundation be. */
  const held = new Map<string, string>();
  function add(key: string, one: string): void {
    const list = always.get(key);
    if (list === undefined) always.set(key, [one]);
    else list.push(one);
  }
  for (const { name, state, build, foundation } of structures.values())
    if (state !== "planned") add(`foundation ${build?.foundation ?? foundation}`, `structure ${name}`);
  for (const { name, state, placedOn } of foundations.values())
    if (state !== "planned" && placedOn !== null) add(`structure ${placedOn}`, `foundation ${name}`);
  for (const one of dependencies.values()) {
    if (one.state === "planned") continue;
    const key = `dependency ${one.name}`;
    const { structure, dependency, scriptStructure } = one.build ?? one;
    add(structure === null ? `dependency ${dependency}` : `structure ${structure}`, key);
    if (scriptStructure !== null && scriptStructure !== structure) add(`structure ${scriptStructure}`, key);
    const waits = foundations.get(one.foundation);
    if (one.link === "hard" && waits !== undefined && waits.state !== "planned")
      held.set(key, `foundation ${waits.name}`);
  }
  return (key, again) => [...(always.get(key) ?? []), ...(again && held.has(key) ? [held.get(key)!] : [])];
}
