import {
  CREATE,
  findScript,
  fitsFoundation,
  fitsType,
  foundationBlueprintsOf,
  foundationTypesOf,
  type Blueprint,
  type Builds,
} from "../blueprints/index.ts";
import { isMade } from "../inventory/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import {
  BLUEPRINT_MISMATCH,
  FOUNDATION_OCCUPIED,
  SCRIPT_MISSING,
  UNKNOWN_REFERENCE,
  UNUSED_FOUNDATION,
} from "./errors.ts";
import { placeKey, type TargetKind } from "./model.ts";

export interface FittingOptions {
  /** The drivers there are. Absent: not known, so any type will do. */
  readonly foundationTypes?: readonly string[];
}

/**
 * Whether what stands on each other fits: blueprints, types, one structure a foundation, and the script that builds. `blueprints`: those of
 * the design, and those it may use.
 */
export function checkFitting(
  parts: Parts,
  blueprints: ReadonlyMap<string, Blueprint>,
  options: FittingOptions,
  problems: Problem[],
  warnings: Problem[],
): void {
  const { complexes, foundations, structures, places } = parts;
  const used = new Map<string, string>();

  function mismatch(target: TargetKind, name: string, message: string): void {
    problems.push(problem(BLUEPRINT_MISMATCH, message, places.get(placeKey(target, name))));
  }
  /** Whether a blueprint is there and builds what it is used for. */
  function builds(target: TargetKind & Builds, name: string, blueprint: string): boolean {
    const found = blueprints.get(blueprint);
    if (found === undefined) return false;
    if (!used.has(blueprint)) used.set(blueprint, `${target} '${name}'`);
    if (found.builds === target) return true;
    mismatch(
      target,
      name,
      `${target} '${name}' cannot be built by blueprint '${blueprint}': it builds a ${found.builds}`,
    );
    return false;
  }

  for (const one of parts.blueprints.values()) {
    for (const parent of one.parents) {
      const found = blueprints.get(parent);
      if (found === undefined || found.builds === one.builds) continue;
      mismatch(
        "blueprint",
        one.name,
        `blueprint '${one.name}' builds a ${one.builds}, but its parent '${parent}' builds a ${found.builds}`,
      );
    }
    const misplaced = one.builds === "structure" ? ofFoundations(one) : undefined;
    if (misplaced !== undefined) {
      mismatch(
        "blueprint",
        one.name,
        `blueprint '${one.name}' builds a structure: '${misplaced}' is for those that build foundations`,
      );
    }
    if (one.builds === "foundation" && one.foundationBlueprints.length > 0) {
      mismatch(
        "blueprint",
        one.name,
        `blueprint '${one.name}' builds a foundation: 'foundation_blueprints' is for those that build structures`,
      );
    }
    for (const accepted of one.foundationBlueprints) {
      if (blueprints.get(accepted)?.builds !== "structure") continue;
      mismatch("blueprint", one.name, `blueprint '${one.name}' cannot stand on '${accepted}': that builds a structure`);
    }
    for (const type of one.foundationTypes) checkType("blueprint", one.name, type);
  }

  function checkType(target: TargetKind, name: string, type: string): void {
    const known = options.foundationTypes;
    if (known === undefined || known.includes(type)) return;
    const near = nearest(type, known);
    const advice = near === undefined ? `there are ${known.join(", ")}` : `did you mean '${near}'?`;
    problems.push(
      problem(
        UNKNOWN_REFERENCE,
        `there is no driver for foundations of type '${type}'; ${advice}`,
        places.get(placeKey(target, name)),
      ),
    );
  }

  for (const one of complexes.values()) checkType("complex", one.name, one.type);
  for (const one of foundations.values()) {
    // Without a type, and with one that its complex has not, it is told elsewhere.
    if (one.type === "") continue;
    if (complexes.get(one.complex ?? "")?.type !== one.type) checkType("foundation", one.name, one.type);
    if (!builds("foundation", one.name, one.blueprint) || fitsType(blueprints, one.blueprint, one.type)) continue;
    const types = foundationTypesOf(blueprints, one.blueprint).join(", ");
    mismatch(
      "foundation",
      one.name,
      `foundation '${one.name}' is of type ${one.type}, but its blueprint '${one.blueprint}' is for ${types}`,
    );
  }

  const occupants = new Map<string, string>();
  for (const one of structures.values()) {
    if (!isMade(one)) continue;
    const foundation = foundations.get(one.foundation);
    const right = builds("structure", one.name, one.blueprint);
    if (foundation === undefined) continue;
    const occupant = occupants.get(one.foundation);
    if (occupant === undefined) occupants.set(one.foundation, one.name);
    else {
      const message = `structure '${one.name}' cannot stand on foundation '${one.foundation}': '${occupant}' does already`;
      problems.push(problem(FOUNDATION_OCCUPIED, message, places.get(placeKey("structure", one.name))));
    }
    if (!right || blueprints.get(foundation.blueprint)?.builds !== "foundation") continue;
    if (fitsFoundation(blueprints, one.blueprint, foundation.blueprint)) continue;
    const accepted = foundationBlueprintsOf(blueprints, one.blueprint).join(", ");
    mismatch(
      "structure",
      one.name,
      `structure '${one.name}' stands on a '${foundation.blueprint}', but its blueprint '${one.blueprint}' wants ${accepted}`,
    );
  }

  for (const [blueprint, user] of used) {
    if (findScript(blueprints, blueprint, CREATE) !== undefined) continue;
    const message = `blueprint '${blueprint}' has no script '${CREATE}', itself or from a parent, and ${user} is built by it`;
    problems.push(problem(SCRIPT_MISSING, message, places.get(placeKey("blueprint", blueprint))));
  }
  for (const name of foundations.keys()) {
    if (occupants.has(name)) continue;
    warnings.push(
      problem(
        UNUSED_FOUNDATION,
        `no structure stands on foundation '${name}'`,
        places.get(placeKey("foundation", name)),
      ),
    );
  }
}

/** What a blueprint says that only those of foundations say. */
function ofFoundations({ foundationTypes, interfaces, hardware }: Blueprint): string | undefined {
  if (foundationTypes.length > 0) return "foundation_types";
  if (interfaces.length > 0) return "interfaces";
  return hardware === null ? undefined : "hardware";
}
