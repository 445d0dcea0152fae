import type { Blueprints } from "../blueprints/index.ts";
import { placeText, problem, type Place, type Problem } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { BLUEPRINT_LEFT_OUT, DUPLICATE_NAME, UNKNOWN_KEY, UNKNOWN_REFERENCE, WRONG_TYPE } from "./errors.ts";
import { typeNameHere, withTypeNames } from "./type-names.ts";

/** Contractor's resource files (TOML), as documents of ours. Pure. */

/** That foundations of a blueprint may carry structures of another, which stands elsewhere. */
export interface FoundationLink {
  readonly structure: string;
  readonly foundation: string;
  readonly place: Place;
}

/** What a machine boots: `[pxe.NAME]`. */
export interface PxeSource {
  readonly name: string;
  readonly bootScript: string;
  readonly template: string;
  readonly place: Place;
}

export interface Findings {
  readonly problems: Problem[];
  readonly warnings: Problem[];
  /** What was written otherwise than it stood, and where. */
  readonly notes: Problem[];
}

export interface ContractorSources {
  /** Each with the section `blueprints`. */
  readonly documents: readonly SourceDocument[];
  readonly links: readonly FoundationLink[];
  readonly pxes: readonly PxeSource[];
}

const SECTIONS = ["structure", "foundation", "script", "pxe", "sflinks"];
const BUILDS = ["structure", "foundation"] as const;

/** Their word for a member of a blueprint, by ours. */
const WORDS: Readonly<Record<string, string>> = {
  variables: "config_values",
  interfaces: "physical_interface_names",
  hardware: "template",
};

interface Script {
  readonly text: string;
  readonly document: SourceDocument;
  used: boolean;
}

/** Takes files apart that belong together: scripts, and what links name, may stand in any of them, blueprints in `known` too. */
export function readContractor(
  sources: readonly SourceDocument[],
  known: Blueprints,
  found: Findings,
): ContractorSources {
  const scripts = new Map<string, Script>();
  for (const source of sources) collectScripts(source, scripts, found);
  const here = new Map<string, (typeof BUILDS)[number]>();
  for (const builds of BUILDS)
    for (const source of sources) for (const name of namesIn(source, builds)) here.set(name, builds);
  const { within, links } = readLinks(sources, here, known, found);
  const documents = sources.map((source) => documentOf(source, scripts, within, found));
  for (const [name, { used, document }] of scripts) {
    if (used) continue;
    const place = document.placeOfKey(["script", name]);
    found.warnings.push(problem(BLUEPRINT_LEFT_OUT, `no blueprint has the script '${name}': it is left out`, place));
  }
  return { documents, links, pxes: sources.flatMap((source) => pxesOf(source, found)) };
}

function mapAt(source: SourceDocument, section: string): JsonObject {
  const value = isJsonObject(source.value) ? source.value[section] : undefined;
  return isJsonObject(value) ? value : {};
}

function namesIn(source: SourceDocument, section: string): readonly string[] {
  return Object.keys(mapAt(source, section));
}

function collectScripts(source: SourceDocument, scripts: Map<string, Script>, { problems }: Findings): void {
  for (const key of Object.keys(isJsonObject(source.value) ? source.value : {})) {
    if (SECTIONS.includes(key)) continue;
    const near = nearest(key, SECTIONS);
    const advice = near === undefined ? `known are ${SECTIONS.join(", ")}` : `did you mean '${near}'?`;
    problems.push(
      problem(UNKNOWN_KEY, `'${key}' is not a part of a blueprint file; ${advice}`, source.placeOfKey([key])),
    );
  }
  for (const [name, entry] of Object.entries(mapAt(source, "script"))) {
    const text = isJsonObject(entry) ? entry["script"] : undefined;
    const place = source.placeOfKey(["script", name]);
    if (typeof text !== "string")
      problems.push(problem(WRONG_TYPE, `script '${name}' needs the key 'script' with its text`, place));
    else if (scripts.has(name)) problems.push(twice("script", name, placeOfFirst(scripts.get(name), name), place));
    else scripts.set(name, { text, document: source, used: false });
  }
}

function placeOfFirst(script: Script | undefined, name: string): Place | undefined {
  return script?.document.placeOfKey(["script", name]);
}

function twice(what: string, name: string, first: Place | undefined, place: Place): Problem {
  const before = first === undefined ? "" : `, first at ${placeText(first)}`;
  return problem(DUPLICATE_NAME, `there are two ${what}s '${name}'${before}`, place);
}

function pxesOf(source: SourceDocument, { problems }: Findings): readonly PxeSource[] {
  return Object.entries(mapAt(source, "pxe")).flatMap(([name, entry]) => {
    const place = source.placeOfKey(["pxe", name]);
    const { boot_script: bootScript, template = "" } = isJsonObject(entry) ? entry : {};
    if (typeof bootScript === "string" && typeof template === "string") return [{ name, bootScript, template, place }];
    problems.push(problem(WRONG_TYPE, `pxe '${name}' needs the texts 'boot_script' and 'template'`, place));
    return [];
  });
}

interface ReadLinks {
  /** Foundation blueprints by the structure blueprint of these files that stands on them. */
  readonly within: ReadonlyMap<string, readonly string[]>;
  /** To structure blueprints that are there already. */
  readonly links: readonly FoundationLink[];
}

function readLinks(
  sources: readonly SourceDocument[],
  here: ReadonlyMap<string, string>,
  known: Blueprints,
  { problems, warnings }: Findings,
): ReadLinks {
  const within = new Map<string, readonly string[]>();
  const links: FoundationLink[] = [];
  for (const source of sources) {
    const written = isJsonObject(source.value) ? source.value["sflinks"] : undefined;
    if (written === undefined) continue;
    const place = source.placeOf(["sflinks"]);
    for (const pair of Array.isArray(written) ? (written as readonly Json[]) : [written]) {
      const [structure, foundation] = Array.isArray(pair) ? (pair as readonly Json[]) : [];
      if (typeof structure !== "string" || typeof foundation !== "string") {
        const message = "a link is a list of two names: the structure's blueprint, the foundation's blueprint";
        problems.push(problem(WRONG_TYPE, message, place));
        continue;
      }
      const missing = [structure, foundation].find((name) => !here.has(name) && !known.has(name));
      if (missing !== undefined) {
        const message = `there is no blueprint '${missing}': the link of '${structure}' to '${foundation}' is left out; import this again when it is there`;
        warnings.push(problem(BLUEPRINT_LEFT_OUT, message, place));
      } else if (here.has(structure)) within.set(structure, [...(within.get(structure) ?? []), foundation]);
      else links.push({ structure, foundation, place });
    }
  }
  return { within, links };
}

/** A document of ours that knows where everything stands in theirs. */
function documentOf(
  source: SourceDocument,
  scripts: ReadonlyMap<string, Script>,
  within: ReadLinks["within"],
  found: Findings,
): SourceDocument {
  const blueprints: Record<string, Json> = {};
  const texts = new Map<string, readonly [SourceDocument, Path]>();
  for (const builds of BUILDS) {
    for (const [name, entry] of Object.entries(mapAt(source, builds))) {
      if (Object.hasOwn(blueprints, name)) {
        const first = source.placeOfKey(["structure", name]);
        found.problems.push(twice("blueprint", name, first, source.placeOfKey([builds, name])));
        continue;
      }
      blueprints[name] = isJsonObject(entry)
        ? { builds, ...blueprintOf(source, [builds, name], entry, scripts, texts, found), ...linked(within.get(name)) }
        : entry;
    }
  }
  function theirs([section, name, member, ...rest]: Path): Path {
    if (section !== "blueprints" || name === undefined) return [];
    const builds = namesIn(source, "structure").includes(String(name)) ? "structure" : "foundation";
    return [builds, name, ...(member === undefined ? [] : [WORDS[member] ?? member, ...rest])];
  }
  function textAt(path: Path): readonly [SourceDocument, Path] | undefined {
    return path[2] === "scripts" && path.length === 4 ? texts.get(`${path[1]}\n${path[3]}`) : undefined;
  }
  return {
    file: source.file,
    value: { blueprints },
    placeOf: (path) => source.placeOf(theirs(path)),
    placeOfKey: (path) => source.placeOfKey(theirs(path)),
    originOf(path) {
      const [document, inside] = textAt(path) ?? [source, theirs(path)];
      return document.originOf(inside);
    },
  };
}

function linked(foundations: readonly string[] | undefined): JsonObject {
  return foundations === undefined ? {} : { foundation_blueprints: [...new Set(foundations)] };
}

function blueprintOf(
  source: SourceDocument,
  path: Path,
  entry: JsonObject,
  scripts: ReadonlyMap<string, Script>,
  texts: Map<string, readonly [SourceDocument, Path]>,
  found: Findings,
): JsonObject {
  const { config_values, physical_interface_names, template, foundation_types, scripts: roles, ...rest } = entry;
  const made: Record<string, Json> = { ...rest };
  if (config_values !== undefined) {
    made["variables"] = config_values;
    warnOfPasswords(source, [...path, "config_values"], config_values, found);
  }
  if (physical_interface_names !== undefined) made["interfaces"] = physical_interface_names;
  // Asking for nothing is said by leaving it out.
  if (template !== undefined && Object.keys(isJsonObject(template) ? template : { template }).length > 0)
    made["hardware"] = template;
  if (Array.isArray(foundation_types)) {
    const types = (foundation_types as readonly Json[]).map((type) =>
      typeof type === "string" ? typeNameHere(type) : type,
    );
    made["foundation_types"] = [...new Set(types)];
  } else if (foundation_types !== undefined) made["foundation_types"] = foundation_types;
  if (!isJsonObject(roles)) return roles === undefined ? made : { ...made, scripts: roles };
  const resolved: Record<string, Json> = {};
  for (const [role, name] of Object.entries(roles)) {
    const script = scripts.get(String(name));
    if (script === undefined) {
      const near = nearest(String(name), scripts.keys());
      const advice = near === undefined ? "" : `; did you mean '${near}'?`;
      const message = `there is no script '${String(name)}'${advice}`;
      found.problems.push(problem(UNKNOWN_REFERENCE, message, source.placeOf([...path, "scripts", role])));
      continue;
    }
    const at: Path = ["script", String(name), "script"];
    const renamed = withTypeNames(script.text, script.document.originOf(at));
    // A script of several blueprints is told of once.
    if (!script.used) found.notes.push(...renamed.notes);
    script.used = true;
    resolved[role] = renamed.text;
    texts.set(`${path[1]}\n${role}`, [script.document, at]);
  }
  made["scripts"] = resolved;
  return made;
}

/** What stands in a file that everybody has is no secret. */
function warnOfPasswords(source: SourceDocument, path: Path, values: Json, { warnings }: Findings): void {
  for (const [key, value] of Object.entries(isJsonObject(values) ? values : {})) {
    if (typeof value !== "string" || value === "" || value.includes("{{")) continue;
    if (!/passw(or)?d|secret/i.test(key)) continue;
    const message = `'${key}' holds a password that stands in this file; set it anew, as a secret, where it is used`;
    warnings.push(problem(BLUEPRINT_LEFT_OUT, message, source.placeOfKey([...path, key])));
  }
}
