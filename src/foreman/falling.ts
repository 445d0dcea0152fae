import type { Id } from "../kernel/ids.ts";
import { exists, type Buildable, type ForemanView } from "./model.ts";

/**
 * What is taken down with something else: all that stands on a foundation that goes, what was placed on a structure that goes, the
 * dependencies that need it, and the foundations that hard ones hold. Pure; costs what goes.
 *
 * @returns ids of all that is to come down, also of what goes by its own wish
 */
export function fallingOf(view: ForemanView, also: SupportsOf = supportsOf(view)): ReadonlySet<Id> {
  const falling = new Set<Id>();
  const open: Id[] = [];
  function fall(id: Id): void {
    if (falling.has(id)) return;
    falling.add(id);
    open.push(id);
  }
  for (const row of view.foundations) if (goes(row)) fall(row.id);
  for (const row of view.structures) if (goes(row)) fall(row.id);
  for (const row of view.dependencies) {
    if (!goes(row)) continue;
    fall(row.id);
    // One that is only left out of the design lets its foundation be.
    if (row.rebuild && row.link === "hard") fall(row.foundationId);
  }
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const above of also.standing.get(id) ?? []) fall(above);
    for (const { dependency, needed } of also.dependencies.get(id) ?? []) {
      fall(dependency.id);
      if (needed && dependency.link === "hard") fall(dependency.foundationId);
    }
  }
  return falling;
}

/** Taken down by its own wish. */
function goes(one: Buildable): boolean {
  return exists(one) && (one.wanted === "absent" || one.rebuild);
}

export interface SupportsOf {
  /** By foundation: what stands on it. By structure: the foundations placed on it. */
  readonly standing: ReadonlyMap<Id, readonly Id[]>;
  /** By what they need, and by what their scripts run on. */
  readonly dependencies: ReadonlyMap<
    Id,
    readonly { readonly dependency: ForemanView["dependencies"][number]; readonly needed: boolean }[]
  >;
}

export function supportsOf(view: ForemanView): SupportsOf {
  const standing = new Map<Id, Id[]>();
  const dependencies = new Map<Id, { dependency: ForemanView["dependencies"][number]; needed: boolean }[]>();
  function add<Value>(map: Map<Id, Value[]>, key: Id, value: Value): void {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  }
  for (const { id, structures, placedOn } of view.foundations) {
    for (const one of structures) add(standing, id, one);
    if (placedOn !== null) add(standing, placedOn, id);
  }
  for (const dependency of view.dependencies) {
    if (dependency.needs !== null) add(dependencies, dependency.needs, { dependency, needed: true });
    if (dependency.runsOn !== null && dependency.runsOn !== dependency.needs)
      add(dependencies, dependency.runsOn, { dependency, needed: false });
  }
  return { standing, dependencies };
}
