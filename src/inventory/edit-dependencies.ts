import type { JsonObject } from "../kernel/json.ts";
import { allScripts, findScript, type Blueprint } from "../blueprints/index.ts";
import type { Draft } from "./edit-draft.ts";
import type { AnyRow, ProblemList } from "./edit-model.ts";
import { meant, stayingTouched } from "./edit-touched.ts";
import { MEMBER_INVALID, REFERENCE_UNKNOWN, TREE_CIRCLE } from "./errors.ts";
import { neededProblem, scriptStructureOf } from "./dependencies.ts";
import type { Complex, Dependency, Foundation, Structure } from "./model.ts";
import { byFoundation, waitingCycles, waitingText, type WaitingNode } from "./waiting.ts";

/** Foundations take the type of their complex, and cannot have another. */
export function checkComplexes(draft: Draft, problems: ProblemList): void {
  for (const { after, index } of stayingTouched<Foundation>(draft, "foundation")) {
    const at = { index, kind: "foundation", name: after.name } as const;
    const complex = after.complex === null ? undefined : (draft.get("complex", after.complex) as Complex | undefined);
    const { type } = after as { readonly type?: string };
    if (complex === undefined) {
      if (type === undefined)
        problems.add(MEMBER_INVALID, at, `foundation '${after.name}': type is missing: it has no complex that says it`);
    } else if (type === undefined) draft.put("foundation", { ...after, type: complex.type } as AnyRow, index);
    else if (type !== complex.type) problems.add(MEMBER_INVALID, at, wrongType(after.name, type, complex));
  }
  const retyped = [...stayingTouched<Complex>(draft, "complex")].filter(
    ({ before, after }) => before !== undefined && (before as Complex).type !== after.type,
  );
  if (retyped.length === 0) return;
  const complexes = new Map(retyped.map((one) => [one.after.name, one]));
  for (const { name, type, complex, wanted } of draft.rows("foundation") as Iterable<Foundation>) {
    const found = complexes.get(complex ?? "");
    if (found === undefined || wanted === "absent" || type === found.after.type) continue;
    const at = { index: found.index, kind: "complex", name: found.after.name } as const;
    problems.add(MEMBER_INVALID, at, wrongType(name, type, found.after));
  }
}

function wrongType(foundation: string, type: string, { name, type: offered }: Complex): string {
  return `foundation '${foundation}' is of type '${type}', but its complex '${name}' offers '${offered}'`;
}

/** What a dependency needs, and whether its scripts are there. */
export function checkDependencies(
  draft: Draft,
  blueprints: ReadonlyMap<string, Blueprint>,
  problems: ProblemList,
): void {
  const chain = { get: (name: string) => draft.get("dependency", name) as Dependency | undefined };
  for (const { after, index } of stayingTouched<Dependency>(draft, "dependency")) {
    const at = { index, kind: "dependency", name: after.name } as const;
    const wrong = neededProblem(after);
    if (wrong !== undefined) {
      problems.add(MEMBER_INVALID, at, `dependency '${after.name}': ${wrong}`);
      continue;
    }
    if (after.createScript === null && after.destroyScript === null) continue;
    const on = draft.get("structure", scriptStructureOf(chain, after.name) ?? "") as Structure | undefined;
    if (on === undefined) continue;
    for (const [member, script] of [
      ["createScript", after.createScript],
      ["destroyScript", after.destroyScript],
    ] as const) {
      if (script === null || findScript(blueprints, on.blueprint ?? "", script) !== undefined) continue;
      problems.add(
        REFERENCE_UNKNOWN,
        at,
        `dependency '${after.name}': ${member} names the script '${script}', which structure '${on.name}' has not${
          on.blueprint === null ? ": it has no blueprint" : meant(script, allScripts(blueprints, on.blueprint).keys())
        }`,
      );
    }
  }
}

const WAITING_KINDS = ["structure", "foundation", "complex", "dependency"] as const;

/** Circles of waiting through dependencies and complexes, looked for from what edits touched. */
export function checkWaiting(draft: Draft, problems: ProblemList): void {
  const none = (kind: "complex" | "dependency"): boolean => draft.rows(kind)[Symbol.iterator]().next().done === true;
  if (none("complex") && none("dependency")) return;
  const from = WAITING_KINDS.flatMap((kind) =>
    [...stayingTouched(draft, kind)].map(({ after }): WaitingNode => ({ kind, name: after.name })),
  );
  if (from.length === 0) return;
  const found = waitingCycles(from, {
    structure: (name) => draft.get("structure", name) as Structure | undefined,
    foundation: (name) => draft.get("foundation", name) as Foundation | undefined,
    complex: (name) => draft.get("complex", name) as Complex | undefined,
    dependency: (name) => draft.get("dependency", name) as Dependency | undefined,
    dependenciesOf: byFoundation(draft.rows("dependency") as Iterable<Dependency>),
  });
  for (const path of found) {
    const { kind, name } = path.find((step) => draft.touched(step.kind).has(step.name)) ?? (path[0] as WaitingNode);
    const index = draft.touched(kind).get(name)?.index ?? 0;
    const shown = path.map((step): JsonObject => ({ kind: step.kind, name: step.name }));
    problems.add(TREE_CIRCLE, { index, kind, name }, `${kind} '${name}' would wait for itself: ${waitingText(path)}`, {
      path: shown,
    });
  }
}
