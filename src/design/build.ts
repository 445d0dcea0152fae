import type { Blueprint, SourceText } from "../blueprints/index.ts";
import { problem, type Place, type Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import {
  nameProblem,
  templateNameProblem,
  UNDESCRIBED,
  type AddressBlockData,
  type FoundationData,
  type SiteData,
} from "../inventory/index.ts";
import { pathBeside } from "./documents.ts";
import { kindTitle, TARGET_OF, type Sections, type Written } from "./sections.ts";
import { DUPLICATE_NAME, FILE_MISSING, INVALID_NAME } from "./errors.ts";
import { placeKey, type DesignStructure } from "./model.ts";
import type { Section, SourceEntry } from "./schema.ts";

/** Files the documents name, by path, and why one is not there when more is known than that. */
export interface SourceFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly refused?: ReadonlyMap<string, RefusedFile>;
}

/** A file that was not taken along. */
export type RefusedFile = Pick<Problem, "code" | "message">;

/** The things of a design, not yet checked against each other. */
export interface Parts {
  readonly sites: Map<string, SiteData>;
  readonly addressBlocks: Map<string, AddressBlockData>;
  readonly blueprints: Map<string, Blueprint>;
  readonly foundations: Map<string, FoundationData>;
  readonly structures: Map<string, DesignStructure>;
  readonly places: Map<string, Place>;
}

/** Makes plain things of what is written. Pushes files that are missing and names that an inline foundation takes from another. */
export function buildParts(sections: Sections, sources: SourceFiles, problems: Problem[]): Parts {
  const { entries, defined } = sections;
  const parts: Parts = {
    sites: new Map(),
    addressBlocks: new Map(),
    blueprints: new Map(),
    foundations: new Map(),
    structures: new Map(),
    places: new Map(),
  };
  for (const [section, names] of Object.entries(defined)) {
    for (const [name, place] of names) parts.places.set(placeKey(TARGET_OF[section as Section], name), place);
  }
  for (const [name, { value }] of entries.sites) {
    parts.sites.set(name, {
      name,
      kind: value.kind,
      description: value.description,
      parent: value.parent ?? null,
      variables: value.variables,
      zone: null,
      ...UNDESCRIBED,
    });
  }
  for (const [name, { value }] of entries.address_blocks) {
    parts.addressBlocks.set(name, {
      name,
      site: value.site,
      subnet: value.subnet,
      gateway: value.gateway ?? null,
      reserved: value.reserved,
      dynamic: [],
      network: null,
      description: "",
      ...UNDESCRIBED,
    });
  }
  for (const written of entries.blueprints.values())
    parts.blueprints.set(written.name, buildBlueprint(written, sources, problems));
  for (const [name, { value }] of entries.foundations) parts.foundations.set(name, { name, ...value, ...UNDESCRIBED });
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

/** A foundation written inside a structure has the structure's name and site. */
function buildStructure(written: Written<"structures">, parts: Parts, problems: Problem[]): void {
  const { name, value, document, path } = written;
  let foundation = name;
  if (typeof value.foundation === "string") foundation = value.foundation;
  else {
    const place = document.placeOfKey([...path, "foundation"]);
    if (parts.foundations.has(name)) {
      const message = `${kindTitle("foundation")} '${name}' is defined twice: in 'foundations', and inside structure '${name}'`;
      problems.push(problem(DUPLICATE_NAME, message, place));
    } else {
      parts.foundations.set(name, { name, site: value.site, ...value.foundation, ...UNDESCRIBED });
      parts.places.set(placeKey("foundation", name), place);
    }
  }
  parts.structures.set(name, {
    name,
    hostname: name,
    site: value.site,
    blueprint: value.blueprint,
    foundation,
    description: value.description,
    variables: value.variables,
    addresses: value.addresses.map(({ block, address }) => ({ block, address: address ?? null })),
    dependsOn: [...new Set(value.depends_on)],
    parent: null,
    role: null,
    managementAddress: null,
    groups: [],
    zone: null,
    ...UNDESCRIBED,
  });
}
