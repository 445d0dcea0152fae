import { allScripts, findScript } from "../blueprints/index.ts";
import {
  byFoundation,
  neededProblem,
  scriptStructureOf,
  waitingCycles,
  waitingText,
  type WaitingNode,
} from "../inventory/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Parts } from "./build.ts";
import {
  BLUEPRINT_MISMATCH,
  CYCLE,
  DEPENDENCY_INVALID,
  DUPLICATE_NAME,
  MISSING_KEY,
  SCRIPT_MISSING,
} from "./errors.ts";
import { placeKey } from "./model.ts";
import type { Sections, Written } from "./sections.ts";

/** What dependencies need and run; foundations that are of another type than their complex, of none, or one machine. */
export function checkDependencies(sections: Sections, parts: Parts, problems: Problem[]): void {
  for (const written of sections.entries.dependencies.values()) checkDependency(written, parts, problems);
  const machines = new Map<string, string>();
  for (const { name, type, complex, systemUuid } of parts.foundations.values()) {
    const place = parts.places.get(placeKey("foundation", name));
    const other = machines.get(systemUuid ?? "");
    if (other !== undefined) {
      const message = `foundations '${other}' and '${name}' have one 'system_uuid', and a machine is one foundation`;
      problems.push(problem(DUPLICATE_NAME, message, place));
    }
    if (systemUuid !== null) machines.set(systemUuid, name);
    const offered = parts.complexes.get(complex ?? "");
    if (type === "") {
      // A complex that is not there is told among the references; one whose shape is wrong, there.
      if (complex !== null) continue;
      const message = `foundation '${name}' needs the key 'type', or the key 'complex' of one that says it`;
      problems.push(problem(MISSING_KEY, message, place));
    } else if (offered !== undefined && offered.type !== type) {
      const message = `foundation '${name}' is of type ${type}, but its complex '${offered.name}' offers ${offered.type}`;
      problems.push(problem(BLUEPRINT_MISMATCH, message, place));
    }
  }
}

function checkDependency(written: Written<"dependencies">, parts: Parts, problems: Problem[]): void {
  const { name, document, path } = written;
  const dependency = parts.dependencies.get(name);
  if (dependency === undefined) return;
  const wrong = neededProblem(dependency);
  if (wrong !== undefined) {
    problems.push(problem(DEPENDENCY_INVALID, `dependency '${name}': ${wrong}`, document.placeOfKey(path)));
    return;
  }
  const on = parts.structures.get(scriptStructureOf(parts.dependencies, name) ?? "");
  if (on === undefined) return;
  for (const [key, script] of [
    ["create_script", dependency.createScript],
    ["destroy_script", dependency.destroyScript],
  ] as const) {
    if (script === null || findScript(parts.blueprints, on.blueprint ?? "", script) !== undefined) continue;
    const where = document.placeOf([...path, key]);
    if (on.blueprint === null) {
      const message = `dependency '${name}' runs the script '${script}' on structure '${on.name}', which has no blueprint and so no scripts`;
      problems.push(problem(SCRIPT_MISSING, message, where));
      continue;
    }
    if (!parts.blueprints.has(on.blueprint)) continue;
    const near = nearest(script, allScripts(parts.blueprints, on.blueprint).keys());
    const advice = near === undefined ? "" : `; did you mean '${near}'?`;
    const message = `blueprint '${on.blueprint}' of structure '${on.name}' has no script '${script}'${advice}`;
    problems.push(problem(SCRIPT_MISSING, message, where));
  }
}

/** Circles of waiting through dependencies and complexes, each named as the path that closes. */
export function checkWaiting(parts: Parts, problems: Problem[]): void {
  const { structures, foundations, complexes, dependencies } = parts;
  if (complexes.size === 0 && dependencies.size === 0) return;
  const from: readonly WaitingNode[] = [
    ...[...dependencies.keys()].map((name) => ({ kind: "dependency", name }) as const),
    ...[...complexes.keys()].map((name) => ({ kind: "complex", name }) as const),
  ];
  const found = waitingCycles(from, {
    structure: (name) => structures.get(name),
    foundation: (name) => foundations.get(name),
    complex: (name) => complexes.get(name),
    dependency: (name) => dependencies.get(name),
    dependenciesOf: byFoundation(dependencies.values()),
  });
  for (const path of found) {
    const first = path.find(({ kind }) => kind === "dependency") ?? path[0];
    const place = first === undefined ? undefined : parts.places.get(placeKey(first.kind, first.name));
    problems.push(problem(CYCLE, `what is built waits for itself in a circle: ${waitingText(path)}`, place));
  }
}
