import { placeInOrigin, type Blueprint, type Blueprints, type SourceText } from "../blueprints/index.ts";
import { placeText, problem, type Place, type Problem } from "../kernel/errors.ts";
import { isJsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { check, UNKNOWN_MODULE, type Catalogue } from "../tscript/index.ts";
import { buildParts, type Parts, type RefusedFile } from "./build.ts";
import { readContractor, type Findings, type FoundationLink, type PxeSource } from "./contractor.ts";
import { readDocuments, sizeProblem, type SourceDocument } from "./documents.ts";
import { BLUEPRINT_LEFT_OUT, DUPLICATE_NAME, MODULE_ELSEWHERE, UNKNOWN_REFERENCE } from "./errors.ts";
import { checkFitting } from "./fitting.ts";
import { sortProblems } from "./ingest.ts";
import { placeKey } from "./model.ts";
import { checkCycles } from "./references.ts";
import type { Bundle } from "./schema.ts";
import { collectSections, type Sections } from "./sections.ts";
import { checkTemplateNames, checkTemplates } from "./templates.ts";
import { readToml } from "./toml.ts";
import { checkVariableKeys } from "./variables.ts";

/** Blueprints out of files, native or Contractor's, and all that is wrong with them, each with its place. Pure. */

export interface BlueprintKnowledge {
  /** Those that are there. */
  readonly blueprints: Blueprints;
  /** Modules scripts may call. Absent: not known, so only the language is checked. */
  readonly catalogue?: Catalogue;
  /** The drivers there are. Absent: not known. */
  readonly foundationTypes?: readonly string[];
}

export interface ReadOptions {
  /** Why files are not in the bundle, by path. */
  readonly refused?: ReadonlyMap<string, RefusedFile>;
  /**
   * Whether what a script calls and nobody has is a warning only: what was written for another system is imported as it is, and says so.
   * The language itself must be right.
   */
  readonly lenient?: boolean;
}

export interface ReadBlueprints {
  readonly blueprints: Blueprints;
  /** To structure blueprints that are there already. */
  readonly links: readonly FoundationLink[];
  readonly pxes: readonly PxeSource[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly notes: readonly Problem[];
}

/** Whether a file is read as Contractor's form. */
export function isToml(path: string): boolean {
  return path.endsWith(".toml");
}

/** Reads files. Blueprints they build upon may be in any of them, or in the inventory. */
export function readBlueprints(bundle: Bundle, known: BlueprintKnowledge, options: ReadOptions = {}): ReadBlueprints {
  const found: Findings = { problems: [], warnings: [], notes: [] };
  const tooLarge = sizeProblem([...bundle.documents.map(({ text }) => text), ...Object.values(bundle.files)]);
  if (tooLarge !== undefined) return { ...found, problems: [tooLarge], blueprints: new Map(), links: [], pxes: [] };
  const tomls = bundle.documents
    .filter(({ path }) => isToml(path))
    .flatMap((file) => readToml(file, found.problems) ?? []);
  const yaml = readDocuments(bundle.documents.filter(({ path }) => !isToml(path)));
  found.problems.push(...yaml.problems);
  const contractor = readContractor(tomls, known.blueprints, found);
  const documents = [...yaml.documents.map((one) => blueprintsAlone(one, found)), ...contractor.documents];
  const sections = collectSections(named(documents), found.problems);
  const refused = options.refused === undefined ? {} : { refused: options.refused };
  const parts = buildParts(sections, { files: bundle.files, ...refused }, found.problems);
  checkWithin(sections, parts, known, found);
  checkTemplateNames(sections, parts, found.problems);
  checkVariableKeys(sections, found.problems);
  checkTexts(parts, known, options.lenient ?? false, found);
  checkPxes(contractor.pxes, found);
  const order = new Map(bundle.documents.map(({ path }, index) => [path, index]));
  return {
    blueprints: parts.blueprints,
    links: contractor.links,
    pxes: contractor.pxes,
    problems: sortProblems(found.problems, order),
    warnings: sortProblems(found.warnings, order),
    notes: sortProblems(found.notes, order),
  };
}

/** What is wrong with blueprints that are there: modules and drivers come and go. */
export function checkStored(known: BlueprintKnowledge): Pick<ReadBlueprints, "problems" | "warnings"> {
  const found: Findings = { problems: [], warnings: [], notes: [] };
  const empty = buildParts(collectSections(named([]), []), { files: {} }, []);
  const parts: Parts = { ...empty, blueprints: new Map(known.blueprints) };
  for (const name of parts.blueprints.keys()) parts.places.set(placeKey("blueprint", name), { file: name });
  checkFitting(parts, parts.blueprints, {}, found.problems, []);
  checkTypes(parts, known, found);
  checkTexts(parts, known, false, found);
  return { problems: sortProblems(found.problems, new Map()), warnings: sortProblems(found.warnings, new Map()) };
}

/** A design holds more than blueprints; here these alone count. */
function blueprintsAlone(document: SourceDocument, { warnings }: Findings): SourceDocument {
  if (!isJsonObject(document.value)) return document;
  const { design: _design, blueprints = {}, ...others } = document.value;
  for (const key of Object.keys(others)) {
    const message = `'${key}' is left out: only blueprints are imported; \`gantry up\` applies the rest`;
    warnings.push(problem(BLUEPRINT_LEFT_OUT, message, document.placeOfKey([key])));
  }
  return { ...document, value: { blueprints } };
}

/** Sections want to know which design they are of; these are of none. */
function named(documents: readonly SourceDocument[]): readonly SourceDocument[] {
  const [first, ...rest] = documents;
  if (first === undefined || !isJsonObject(first.value)) return documents;
  return [{ ...first, value: { design: "blueprints", ...first.value } }, ...rest];
}

function checkWithin(sections: Sections, parts: Parts, known: BlueprintKnowledge, found: Findings): void {
  const { defined, entries } = sections;
  const names = new Set([...defined.blueprints.keys(), ...known.blueprints.keys()]);
  for (const { value, path, document } of entries.blueprints.values()) {
    for (const member of ["parents", "foundation_blueprints"] as const) {
      for (const [index, name] of value[member].entries()) {
        if (names.has(name)) continue;
        const near = nearest(name, names);
        const advice = near === undefined ? ", in these files or in the inventory" : `; did you mean '${near}'?`;
        const message = `there is no blueprint '${name.slice(0, 80)}'${advice}`;
        found.problems.push(problem(UNKNOWN_REFERENCE, message, document.placeOf([...path, member, index])));
      }
    }
  }
  const all: Parts = { ...parts, blueprints: new Map<string, Blueprint>([...known.blueprints, ...parts.blueprints]) };
  checkCycles(all, found.problems);
  checkFitting(all, all.blueprints, {}, found.problems, []);
  checkTypes(parts, known, found);
}

/** A type that is nearly one there is was mistyped; any other may be somebody's worker's. */
function checkTypes(parts: Parts, { foundationTypes }: BlueprintKnowledge, found: Findings): void {
  if (foundationTypes === undefined) return;
  for (const one of parts.blueprints.values()) {
    const place = parts.places.get(placeKey("blueprint", one.name));
    for (const type of one.foundationTypes) {
      if (foundationTypes.includes(type)) continue;
      const near = nearest(type, foundationTypes);
      const message = `blueprint '${one.name}' is for foundations of type '${type}', for which there is no driver`;
      if (near === undefined)
        found.warnings.push(problem(MODULE_ELSEWHERE, `${message} here: needs a worker that has one`, place));
      else found.problems.push(problem(UNKNOWN_REFERENCE, `${message}; did you mean '${near}'?`, place));
    }
  }
}

/** Scripts and templates. */
function checkTexts(parts: Parts, known: BlueprintKnowledge, lenient: boolean, found: Findings): void {
  checkTemplates(parts, found.problems);
  const seen = new Set<string>();
  for (const { scripts } of parts.blueprints.values()) {
    for (const script of Object.values(scripts)) {
      const key = `${placeText(script.origin)}\n${script.text}`;
      if (!seen.has(key)) checkScript(script, known.catalogue, lenient, found);
      seen.add(key);
    }
  }
}

function checkScript(
  { text, origin }: SourceText,
  catalogue: Catalogue | undefined,
  lenient: boolean,
  found: Findings,
) {
  const ofLanguage = check(text, origin.file);
  const own = new Set(ofLanguage.map(keyOf));
  const elsewhere = new Set<string>();
  const place = (one: Problem): Place => placeInOrigin(origin, one.where?.line ?? 1, one.where?.column);
  for (const one of ofLanguage) found.problems.push({ ...one, where: place(one) });
  for (const one of catalogue === undefined ? [] : check(text, origin.file, catalogue)) {
    if (own.has(keyOf(one))) continue;
    const { subject } = one as { readonly subject?: string };
    if (one.code === UNKNOWN_MODULE.code && one.hint === undefined && subject !== undefined) {
      // Each module once a script: where it is called first.
      if (elsewhere.has(subject)) continue;
      elsewhere.add(subject);
      const message = `this needs a worker with the module ${subject}: nobody here has it`;
      found.warnings.push(problem(MODULE_ELSEWHERE, message, place(one)));
    } else (lenient ? found.warnings : found.problems).push({ ...one, where: place(one) });
  }
}

function keyOf({ code, message, where }: Problem): string {
  return `${code}\n${where?.line}:${where?.column}\n${message}`;
}

function checkPxes(pxes: readonly PxeSource[], { problems }: Findings): void {
  const first = new Map<string, Place>();
  for (const { name, place } of pxes) {
    const before = first.get(name);
    if (before === undefined) first.set(name, place);
    else problems.push(problem(DUPLICATE_NAME, `pxe '${name}' is defined twice, first at ${placeText(before)}`, place));
  }
}
