import { findCycles, fitsFoundation, fitsType, type Blueprint } from "../blueprints/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { checkAddresses } from "./edit-addresses.ts";
import type { Draft } from "./edit-draft.ts";
import { checkComplexes, checkDependencies, checkWaiting } from "./edit-dependencies.ts";
import { checkFields } from "./edit-fields.ts";
import { checkInterfaces } from "./edit-interfaces.ts";
import type { EditContext, EditKnowledge, ProblemList } from "./edit-model.ts";
import { meant, stayingTouched } from "./edit-touched.ts";
import { MEMBER_INVALID, NAME_TAKEN, REFERENCE_UNKNOWN, TREE_CIRCLE } from "./errors.ts";
import { OWNED_RULES, ownedRule, titleOf, type OwnedKind } from "./kinds.ts";
import { attributesOf } from "./dependencies.ts";
import type { Complex, Foundation, Group, Site, Structure } from "./model.ts";
import { hostnameProblem } from "./names.ts";

/** Whether the inventory as it will be is one that can be: looked at where edits touched it. */
export function checkEdits(
  draft: Draft,
  { knowledge, knows }: Pick<EditContext, "knowledge" | "knows">,
  problems: ProblemList,
): void {
  checkReferences(draft, knows, problems);
  // The rest follows references.
  if (problems.all.length > 0) return;
  checkTrees(draft, problems);
  checkWaiting(draft, problems);
  checkComplexes(draft, problems);
  if (problems.all.length > 0) return;
  checkDependencies(draft, blueprintsOf(draft), problems);
  checkInterfaces(draft, problems);
  checkStructures(draft, problems);
  checkFoundations(draft, problems);
  checkAddresses(draft, problems);
  checkFields(draft, problems);
  if (knowledge !== undefined) checkKnown(draft, knowledge, problems);
}

/** Scripts that were changed, and attributes. */
function checkKnown(draft: Draft, knowledge: EditKnowledge, problems: ProblemList): void {
  for (const { before, after, index } of stayingTouched(draft, "blueprint")) {
    const { scripts } = after as unknown as Blueprint;
    const known = (before as unknown as Blueprint | undefined)?.scripts ?? {};
    for (const [script, { text }] of Object.entries(scripts)) {
      if (problems.full || known[script]?.text === text) continue;
      for (const { message, where } of knowledge.scriptProblems(text, script, draft.snapshot.tenant.id)) {
        const place = where?.line === undefined ? "" : `, line ${where.line}`;
        const at = { index, kind: "blueprint", name: after.name } as const;
        problems.add(MEMBER_INVALID, at, `blueprint '${after.name}': script '${script}'${place}: ${message}`);
      }
    }
  }
  const complexes = { complexes: { get: (name: string) => draft.get("complex", name) as Complex | undefined } };
  for (const { after, index } of stayingTouched<Foundation>(draft, "foundation")) {
    const attributes = attributesOf(complexes, after);
    for (const { message } of knowledge.attributeProblems(after.type, attributes)) {
      const at = { index, kind: "foundation", name: after.name } as const;
      problems.add(MEMBER_INVALID, at, `foundation '${after.name}': ${message}`);
    }
  }
}

/** What is there and may not be known of is answered as what is not there, unless it was referred to already. */
function checkReferences(draft: Draft, knows: EditContext["knows"], problems: ProblemList): void {
  const known = (to: OwnedKind, name: string): boolean => {
    if (draft.get(to, name) === undefined) return false;
    const row = draft.snapshot[ownedRule(to).rows].get(name);
    return knows === undefined || row === undefined || knows(to, row);
  };
  for (const { kind, title, references } of OWNED_RULES) {
    for (const { before, after, index } of stayingTouched(draft, kind)) {
      for (const reference of references) {
        if (reference.onRemoval === "keep") continue;
        for (const name of reference.names(after as unknown as JsonObject)) {
          if (known(reference.to, name)) continue;
          const stays = before !== undefined && reference.names(before as unknown as JsonObject).includes(name);
          if (stays && draft.get(reference.to, name) !== undefined) continue;
          if (problems.full) return;
          const hint = meant(name, knows === undefined ? draft.names(reference.to) : []);
          const to = titleOf(reference.to);
          const message = `${title} '${after.name}': ${reference.member} names the ${to} '${name.slice(0, 80)}', which is not there${hint}`;
          problems.add(REFERENCE_UNKNOWN, { index, kind, name: after.name }, message, { member: reference.member });
        }
      }
    }
  }
}

function checkTrees(draft: Draft, problems: ProblemList): void {
  const includers = includersOf(draft);
  const up: readonly (readonly [OwnedKind, (name: string) => readonly string[]])[] = [
    ["site", (name) => one((draft.get("site", name) as Site | undefined)?.parent)],
    [
      "group",
      (name) => [...one((draft.get("group", name) as Group | undefined)?.parent), ...(includers.get(name) ?? [])],
    ],
    ["zone", (name) => one((draft.get("zone", name) as { parent?: string | null } | undefined)?.parent)],
    ["blueprint", (name) => (draft.get("blueprint", name) as unknown as Blueprint | undefined)?.parents ?? []],
    ["structure", (name) => one((draft.get("structure", name) as Structure | undefined)?.parent)],
  ];
  for (const [kind, next] of up) circles(draft, kind, next, "lies in itself", problems);
  const waitsFor = (name: string): readonly string[] =>
    (draft.get("structure", name) as Structure | undefined)?.dependsOn ?? [];
  circles(draft, "structure", waitsFor, "would wait for itself", problems);
}

function circles(
  draft: Draft,
  kind: OwnedKind,
  next: (name: string) => readonly string[],
  what: string,
  problems: ProblemList,
): void {
  const touched = draft.touched(kind);
  if (touched.size === 0) return;
  for (const path of findCycles(touched.keys(), next)) {
    const name = path.find((step) => touched.has(step)) ?? path[0] ?? "";
    const index = touched.get(name)?.index ?? 0;
    const shown = path.length > 20 ? [...path.slice(0, 10), "…", ...path.slice(-9)] : path;
    const message = `${titleOf(kind)} '${name}' ${what}: ${shown.join(" → ")}`;
    problems.add(TREE_CIRCLE, { index, kind, name }, message, { path: shown });
  }
}

function one(name: string | null | undefined): readonly string[] {
  return name === null || name === undefined ? [] : [name];
}

/** Groups by the groups they include: structures of the one are also in the other. */
function includersOf(draft: Draft): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  if (draft.touched("group").size === 0) return found;
  for (const { name, includes } of draft.rows("group") as Iterable<Group>) {
    for (const included of includes) {
      const list = found.get(included);
      if (list === undefined) found.set(included, [name]);
      else list.push(name);
    }
  }
  return found;
}

function checkStructures(draft: Draft, problems: ProblemList): void {
  const claimed = new Map<string, { readonly name: string; readonly index: number }>();
  for (const { after, index } of stayingTouched<Structure>(draft, "structure")) {
    const at = { index, kind: "structure", name: after.name } as const;
    if (new Set(after.groups).size < after.groups.length)
      problems.add(MEMBER_INVALID, at, `structure '${after.name}': groups names a group twice`);
    if (after.blueprint === null || after.foundation === null) continue;
    // What is built is known to the network by its hostname.
    const wrong = hostnameProblem(after.hostname);
    if (wrong !== undefined)
      problems.add(
        MEMBER_INVALID,
        at,
        `structure '${after.name}' is built, so its hostname '${after.hostname}' ${wrong}`,
      );
    const other = claimed.get(after.foundation);
    if (other !== undefined) occupied(after.name, after.foundation, other.name, index, problems);
    claimed.set(after.foundation, { name: after.name, index });
    checkFit(draft, after, index, problems);
  }
  if (claimed.size === 0) return;
  const touched = draft.touched("structure");
  for (const { name, foundation, wanted, blueprint } of draft.snapshot.structures.values()) {
    if (foundation === null || blueprint === null || wanted === "absent" || touched.has(name)) continue;
    const claim = claimed.get(foundation);
    if (claim !== undefined) occupied(claim.name, foundation, name, claim.index, problems);
  }
}

function occupied(name: string, foundation: string, other: string, index: number, problems: ProblemList): void {
  const message = `structure '${name}' cannot stand on foundation '${foundation}': structure '${other}' does`;
  problems.add(NAME_TAKEN, { index, kind: "structure", name }, message);
}

function checkFit(draft: Draft, structure: Structure, index: number, problems: ProblemList): void {
  const at = { index, kind: "structure", name: structure.name } as const;
  const blueprint = draft.get("blueprint", structure.blueprint ?? "") as Blueprint | undefined;
  const foundation = draft.get("foundation", structure.foundation ?? "") as Foundation | undefined;
  if (blueprint === undefined || foundation === undefined) return;
  if (blueprint.builds !== "structure") {
    const message = `structure '${structure.name}': blueprint '${blueprint.name}' builds foundations`;
    problems.add(MEMBER_INVALID, at, message);
  } else if (!fitsFoundation(blueprintsOf(draft), blueprint.name, foundation.blueprint)) {
    const message = `structure '${structure.name}': blueprint '${blueprint.name}' does not stand on foundations of blueprint '${foundation.blueprint}'`;
    problems.add(MEMBER_INVALID, at, message);
  }
}

/** Two foundations cannot be one machine: what is done to the one would be done to the other. */
function checkMachines(draft: Draft, problems: ProblemList): void {
  const touched = new Map(
    [...stayingTouched<Foundation>(draft, "foundation")]
      .filter(
        ({ before, after }) => after.systemUuid !== null && (before as Foundation)?.systemUuid !== after.systemUuid,
      )
      .map(({ after, index }) => [after.systemUuid, { name: after.name, index }]),
  );
  if (touched.size === 0) return;
  for (const { name, systemUuid, wanted } of draft.rows("foundation") as Iterable<Foundation>) {
    const other = wanted === "absent" ? undefined : touched.get(systemUuid);
    if (other === undefined || other.name === name) continue;
    const message = `foundation '${other.name}': systemUuid is that of foundation '${name}', and a machine is one foundation`;
    problems.add(NAME_TAKEN, { index: other.index, kind: "foundation", name: other.name }, message);
  }
}

function checkFoundations(draft: Draft, problems: ProblemList): void {
  checkMachines(draft, problems);
  for (const { after, index } of stayingTouched<Foundation>(draft, "foundation")) {
    const at = { index, kind: "foundation", name: after.name } as const;
    const blueprint = draft.get("blueprint", after.blueprint) as Blueprint | undefined;
    if (blueprint === undefined) continue;
    if (blueprint.builds !== "foundation")
      problems.add(MEMBER_INVALID, at, `foundation '${after.name}': blueprint '${blueprint.name}' builds structures`);
    else if (!fitsType(blueprintsOf(draft), blueprint.name, after.type)) {
      const message = `foundation '${after.name}': blueprint '${blueprint.name}' does not fit the type '${after.type}'`;
      problems.add(MEMBER_INVALID, at, message);
    }
  }
}

/** Blueprints are few: a map of them as they will be is made once a plan. */
const blueprintMaps = new WeakMap<Draft, ReadonlyMap<string, Blueprint>>();

function blueprintsOf(draft: Draft): ReadonlyMap<string, Blueprint> {
  if (draft.touched("blueprint").size === 0) return draft.snapshot.blueprints;
  const known = blueprintMaps.get(draft);
  if (known !== undefined) return known;
  const all = new Map([...draft.rows("blueprint")].map((row) => [row.name, row as unknown as Blueprint] as const));
  blueprintMaps.set(draft, all);
  return all;
}
