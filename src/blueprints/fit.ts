import { lineage, nearestWith } from "./lineage.ts";
import type { Blueprint, Blueprints } from "./model.ts";

/** The foundation types a foundation blueprint fits, its own or inherited. Empty: any. */
export function foundationTypesOf(blueprints: Blueprints, name: string): readonly string[] {
  return nearestWith(blueprints, name, (one) => notEmpty(one.foundationTypes)) ?? [];
}

/** The foundation blueprints a structure blueprint may stand on, its own or inherited. Empty: any. */
export function foundationBlueprintsOf(blueprints: Blueprints, name: string): readonly string[] {
  return nearestWith(blueprints, name, (one) => notEmpty(one.foundationBlueprints)) ?? [];
}

/** Whether a foundation blueprint may be used for foundations of a type. */
export function fitsType(blueprints: Blueprints, blueprint: string, type: string): boolean {
  const types = foundationTypesOf(blueprints, blueprint);
  return types.length === 0 || types.includes(type);
}

/** Whether a structure blueprint may stand on a foundation blueprint: it, or one that it builds upon, is named. */
export function fitsFoundation(
  blueprints: Blueprints,
  structureBlueprint: string,
  foundationBlueprint: string,
): boolean {
  const accepted = foundationBlueprintsOf(blueprints, structureBlueprint);
  if (accepted.length === 0) return true;
  return lineage(blueprints, foundationBlueprint).some((one: Blueprint) => accepted.includes(one.name));
}

function notEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** Devices of the physical interfaces a foundation has, in order, the blueprint's own or inherited. */
export function physicalInterfacesOf(blueprints: Blueprints, name: string): readonly string[] {
  return nearestWith(blueprints, name, (one) => notEmpty(one.interfaces)) ?? [];
}
