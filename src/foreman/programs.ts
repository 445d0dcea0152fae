import { allScripts, CREATE, DESTROY, findScript, UPDATE, type SourceText } from "../blueprints/index.ts";
import {
  createResolver,
  dependencyInputs,
  foundationInputs,
  indexesOf,
  occupants,
  scriptStructureOf,
  structureInputs,
  type BuildRecord,
  type Dependency,
  type Foundation,
  type Resolver,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import { blueprintAsBuilt, blueprintOf } from "./as-built.ts";
import type { ScriptRole, TargetKind } from "./model.ts";
import { structuresOn } from "./parameters.ts";

/** Which script does what, and what a row is built with. Pure. */

export type BuiltRow = Foundation | Structure | Dependency;

/** A row of what is built, with what it is. */
export type BuiltTarget =
  | { readonly kind: "foundation"; readonly row: Foundation }
  | { readonly kind: "structure"; readonly row: Structure }
  | { readonly kind: "dependency"; readonly row: Dependency };

export function targetOf(snapshot: Snapshot, kind: TargetKind, id: Id): BuiltTarget | undefined {
  const rows = ({ foundation: "foundations", structure: "structures", dependency: "dependencies" } as const)[kind];
  const name = indexesOf(snapshot).byId(rows, id);
  const row = name === undefined ? undefined : snapshot[rows].get(name);
  return row === undefined ? undefined : ({ kind, row } as BuiltTarget);
}

/** What is run for a row. `nothing`: nothing has to be done. `missing`: nobody wrote it. */
export type ProgramFor =
  | { readonly kind: "script"; readonly name: string; readonly source: SourceText }
  | { readonly kind: "nothing" }
  | { readonly kind: "missing"; readonly message: string };

export function programFor(snapshot: Snapshot, target: BuiltTarget, role: ScriptRole): ProgramFor {
  if (target.kind === "dependency") return programForDependency(snapshot, target.row, role);
  // What is taken down is taken down by the scripts it was built with.
  const blueprint = role === "destroy" ? blueprintAsBuilt(snapshot, target.row) : blueprintOf(target.row);
  // What is brought up to date without a script of its own is created again, which changes only what differs.
  const names = role === "update" ? [UPDATE, CREATE] : [role === "create" ? CREATE : DESTROY];
  for (const name of names) {
    const source = findScript(snapshot.blueprints, blueprint, name);
    if (source !== undefined) return { kind: "script", name, source };
  }
  return role === "destroy" ? { kind: "nothing" } : missing(blueprint, role);
}

function programForDependency(snapshot: Snapshot, row: Dependency, role: ScriptRole): ProgramFor {
  const name = role === "destroy" ? row.destroyScript : row.createScript;
  if (name === null) return { kind: "nothing" };
  const built = role === "destroy" ? row.build?.scriptStructure : undefined;
  const on = built ?? scriptStructureOf(snapshot.dependencies, row.name) ?? "";
  const structure = snapshot.structures.get(on);
  // What is not there any more needs no script.
  if (structure === undefined && role === "destroy") return { kind: "nothing" };
  if (structure?.blueprint == null)
    return { kind: "missing", message: `Its script ${name} is to run on the structure ${on}, which nobody builds.` };
  const blueprint = role === "destroy" ? blueprintAsBuilt(snapshot, structure) : structure.blueprint;
  const source = findScript(snapshot.blueprints, blueprint, name);
  return source === undefined ? missing(blueprint, name) : { kind: "script", name, source };
}

function missing(blueprint: string, name: string): ProgramFor {
  const message = `The blueprint ${blueprint} has no script ${name}, and neither have its parents.`;
  return { kind: "missing", message };
}

/** Names of the scripts of a blueprint and its parents, sorted. */
export function scriptNames(snapshot: Snapshot, blueprint: string): readonly string[] {
  return [...allScripts(snapshot.blueprints, blueprint)].map(([name]) => name).sort();
}

/** What a row would be built with now. One resolver serves many rows of a snapshot. */
export function inputsOf(
  snapshot: Snapshot,
  target: BuiltTarget,
  resolver: Resolver = createResolver(snapshot),
): BuildRecord {
  const { name } = target.row;
  if (target.kind === "structure") return structureInputs(resolver, name);
  if (target.kind === "dependency") return dependencyInputs(snapshot, name);
  return foundationInputs(resolver, name, occupants(structuresOn(snapshot, name)).get(name));
}
