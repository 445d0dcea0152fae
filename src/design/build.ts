import type { Blueprint, SourceText } from "../blueprints/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { nameProblem, templateNameProblem } from "../inventory/index.ts";
import { buildRecords } from "./build-records.ts";
import { buildFoundation, buildStructure } from "./build-built.ts";
import { pathBeside } from "./documents.ts";
import { TARGET_OF, type Sections, type Written } from "./sections.ts";
import { FILE_MISSING, INVALID_NAME } from "./errors.ts";
import { placeKey, type Design } from "./model.ts";
import type { Section, SourceEntry } from "./schema.ts";

/** Files the documents name, by path, and why one is not there when more is known than that. */
export interface SourceFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly refused?: ReadonlyMap<string, RefusedFile>;
}

/** A file that was not taken along. */
export type RefusedFile = Pick<Problem, "code" | "message">;

/** The things of a design, not yet checked against each other. */
export type Parts = Omit<
  {
    readonly [Member in keyof Design]: Design[Member] extends ReadonlyMap<string, infer One>
      ? Map<string, One>
      : Design[Member];
  },
  "name"
>;

/** Makes plain things of what is written. Pushes files that are missing and names that are taken twice. */
export function buildParts(sections: Sections, sources: SourceFiles, problems: Problem[]): Parts {
  const { entries, defined } = sections;
  const parts: Parts = {
    tenant: sections.tenant?.value ?? null,
    ...buildRecords(entries),
    blueprints: new Map(),
    foundations: new Map(),
    structures: new Map(),
    interfaces: new Map(),
    places: new Map(),
  };
  for (const [section, names] of Object.entries(defined)) {
    for (const [name, place] of names) parts.places.set(placeKey(TARGET_OF[section as Section], name), place);
  }
  for (const written of entries.blueprints.values())
    parts.blueprints.set(written.name, buildBlueprint(written, sources, problems));
  for (const written of entries.foundations.values()) buildFoundation(written, parts, problems);
  for (const written of entries.structures.values()) buildStructure(written, parts, problems);
  return parts;
}

function buildBlueprint(written: Written<"blueprints">, sources: SourceFiles, problems: Problem[]): Blueprint {
  const { name, value } = written;
  function texts(member: "scripts" | "templates"): Record<string, SourceText> {
    const found: Record<string, SourceText> = {};
    for (const [key, entry] of Object.entries(value[member])) {
      const wrong = member === "scripts" ? nameProblem(key) : templateNameProblem(key);
      if (wrong !== undefined) {
        const place = written.document.placeOfKey([...written.path, member, key]);
        problems.push(
          problem(INVALID_NAME, `the name '${key.slice(0, 80)}' of a ${member.slice(0, -1)} ${wrong}`, place),
        );
      }
      const text = sourceText(written, [member, key], entry, sources, problems);
      if (text !== undefined) found[key] = text;
    }
    return found;
  }
  return {
    name,
    builds: value.builds,
    description: value.description,
    parents: value.parents,
    variables: value.variables,
    scripts: texts("scripts"),
    templates: texts("templates"),
    foundationTypes: value.foundation_types,
    foundationBlueprints: value.foundation_blueprints,
    interfaces: value.interfaces,
    hardware: value.hardware,
    maxJobs: value.max_jobs,
  };
}

function sourceText(
  written: Written<"blueprints">,
  inside: readonly string[],
  entry: SourceEntry,
  sources: SourceFiles,
  problems: Problem[],
): SourceText | undefined {
  const path = [...written.path, ...inside];
  if (typeof entry === "string") return { text: entry, origin: written.document.originOf(path) };
  const file = pathBeside(written.document.file, entry.file);
  const text = Object.hasOwn(sources.files, file) ? sources.files[file] : undefined;
  if (text !== undefined) return { text, origin: { file, line: 1, column: 1, exact: true } };
  const place = written.document.placeOf([...path, "file"]);
  const refused = sources.refused?.get(file);
  if (refused !== undefined) problems.push({ ...refused, where: place });
  else {
    const near = nearest(file, Object.keys(sources.files));
    const advice = near === undefined ? "" : `; did you mean '${near}'?`;
    problems.push(problem(FILE_MISSING, `the file '${file}' is not there${advice}`, place));
  }
  return undefined;
}
