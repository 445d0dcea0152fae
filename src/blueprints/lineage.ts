import type { Blueprint, Blueprints, SourceText } from "./model.ts";

/**
 * The blueprint and all it builds upon: parents before children, each once, in the order in which their variables apply. Parents that
 * are not there are left out, and a cycle is cut where it closes: both are reported when a design is read.
 */
export function lineage(blueprints: Blueprints, name: string): readonly Blueprint[] {
  const ordered: Blueprint[] = [];
  const seen = new Set<string>();
  function visit(current: string): void {
    const blueprint = blueprints.get(current);
    if (blueprint === undefined || seen.has(current)) return;
    seen.add(current);
    for (const parent of blueprint.parents) visit(parent);
    ordered.push(blueprint);
  }
  visit(name);
  return ordered;
}

/** The script of this name: the blueprint's own, else that of the nearest parent. */
export function findScript(blueprints: Blueprints, blueprint: string, script: string): SourceText | undefined {
  return nearestWith(blueprints, blueprint, (one) => ownMember(one.scripts, script));
}

/** The template of this name: the blueprint's own, else that of the nearest parent. */
export function findTemplate(blueprints: Blueprints, blueprint: string, template: string): SourceText | undefined {
  return nearestWith(blueprints, blueprint, (one) => ownMember(one.templates, template));
}

/** Every script a blueprint has, by name, those of its parents included. */
export function allScripts(blueprints: Blueprints, blueprint: string): ReadonlyMap<string, SourceText> {
  return collected(blueprints, blueprint, (one) => one.scripts);
}

/** Every template a blueprint has, by name, those of its parents included. */
export function allTemplates(blueprints: Blueprints, blueprint: string): ReadonlyMap<string, SourceText> {
  return collected(blueprints, blueprint, (one) => one.templates);
}

/** Looks from the blueprint up through its parents, and returns the first thing found. */
export function nearestWith<T>(
  blueprints: Blueprints,
  name: string,
  pick: (blueprint: Blueprint) => T | undefined,
): T | undefined {
  for (const blueprint of lineage(blueprints, name).toReversed()) {
    const found = pick(blueprint);
    if (found !== undefined) return found;
  }
  return undefined;
}

function collected(
  blueprints: Blueprints,
  name: string,
  pick: (blueprint: Blueprint) => Readonly<Record<string, SourceText>>,
): ReadonlyMap<string, SourceText> {
  return new Map(lineage(blueprints, name).flatMap((blueprint) => Object.entries(pick(blueprint))));
}

function ownMember(members: Readonly<Record<string, SourceText>>, name: string): SourceText | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
