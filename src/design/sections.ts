import type { z } from "zod";
import { problem, placeText, type Place, type Problem } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { ansibleNameProblem, domainProblem, hostnameProblem, nameProblem } from "../inventory/index.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { DUPLICATE_NAME, INVALID_NAME, MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE } from "./errors.ts";
import type { TargetKind } from "./model.ts";
import {
  DESIGN_KEY,
  SECTION_NAMES,
  SECTIONS,
  TENANT_KEY,
  tenantSchema,
  type Entry,
  type Section,
  type TenantEntry,
} from "./schema.ts";
import { kindOf, shapeProblems, type Source } from "./shape.ts";

/** An entry of a section whose shape is right, and where it is written. */
export interface Written<S extends Section> {
  readonly name: string;
  readonly value: Entry<S>;
  readonly document: SourceDocument;
  readonly path: Path;
}

/** What is said of the tenant, and where. */
export interface WrittenTenant {
  readonly value: TenantEntry;
  readonly document: SourceDocument;
  readonly path: Path;
}

/** The sections of all documents together. */
export interface Sections {
  readonly design: string | undefined;
  readonly tenant: WrittenTenant | undefined;
  readonly entries: { readonly [S in Section]: ReadonlyMap<string, Written<S>> };
  /** Every name that is defined, also where the shape of what it names is wrong. */
  readonly defined: Readonly<Record<Section, ReadonlyMap<string, Place>>>;
}

export const TARGET_OF: Readonly<Record<Section, TargetKind>> = {
  field_schemas: "field_schema",
  zones: "zone",
  sites: "site",
  networks: "network",
  links: "link",
  address_blocks: "address_block",
  groups: "group",
  blueprints: "blueprint",
  complexes: "complex",
  foundations: "foundation",
  structures: "structure",
  dependencies: "dependency",
};

/** `structure`, `address block`: a kind of thing as an error names it. */
export function kindTitle(kind: TargetKind): string {
  return kind.replace("_", " ");
}

/** Takes the documents apart and pushes what is wrong with keys, shapes and names. */
export function collectSections(documents: readonly SourceDocument[], problems: Problem[]): Sections {
  const defined = Object.fromEntries(SECTION_NAMES.map((section) => [section, new Map<string, Place>()])) as Record<
    Section,
    Map<string, Place>
  >;
  const entries = Object.fromEntries(SECTION_NAMES.map((section) => [section, new Map()])) as Record<
    Section,
    Map<string, Written<Section>>
  >;
  const designs: { name: string; place: Place }[] = [];
  const tenants: SourceDocument[] = [];

  for (const document of documents) {
    if (!isJsonObject(document.value)) {
      problems.push(
        problem(
          WRONG_TYPE,
          `a document must be a map with sections, but is ${kindOf(document.value)}`,
          document.placeOf([]),
        ),
      );
      continue;
    }
    for (const [key, value] of Object.entries(document.value)) {
      if (key === DESIGN_KEY) collectDesign(document, value, designs, problems);
      else if (key === TENANT_KEY) tenants.push(document);
      else if (isSection(key)) collectSection(document, key, value, defined[key], entries[key], problems);
      else problems.push(unknownSection(document, key));
    }
  }
  return {
    design: oneDesign(designs, documents, problems),
    tenant: oneTenant(tenants, problems),
    entries: entries as unknown as Sections["entries"],
    defined,
  };
}

function isSection(key: string): key is Section {
  return Object.hasOwn(SECTIONS, key);
}

function unknownSection(document: SourceDocument, key: string): Problem {
  const known = [DESIGN_KEY, TENANT_KEY, ...SECTION_NAMES];
  const near = nearest(key, known);
  const advice = near === undefined ? `known are ${known.join(", ")}` : `did you mean '${near}'?`;
  return problem(UNKNOWN_KEY, `'${key}' is not a section; ${advice}`, document.placeOfKey([key]));
}

function collectSection(
  document: SourceDocument,
  section: Section,
  value: Json,
  defined: Map<string, Place>,
  entries: Map<string, Written<Section>>,
  problems: Problem[],
): void {
  if (value === null) return;
  if (!isJsonObject(value)) {
    problems.push(
      problem(WRONG_TYPE, `'${section}' must be a map of names, but is ${kindOf(value)}`, document.placeOf([section])),
    );
    return;
  }
  const schema = SECTIONS[section];
  const kind = kindTitle(TARGET_OF[section]);
  for (const [name, entry] of Object.entries(value)) {
    const path = [section, name];
    const place = document.placeOfKey(path);
    const before = defined.get(name);
    if (before !== undefined) {
      problems.push(
        problem(DUPLICATE_NAME, `${kind} '${name}' is defined twice, first at ${placeText(before)}`, place),
      );
      continue;
    }
    defined.set(name, place);
    const wrong = nameProblemIn(section, name, entry);
    if (wrong !== undefined)
      problems.push(problem(INVALID_NAME, `the name '${name.slice(0, 80)}' of a ${kind} ${wrong}`, place));
    const title = `${kind} '${name}'`;
    const half = section === "structures" ? missingHalf(entry) : undefined;
    if (half !== undefined) problems.push(problem(MISSING_KEY, `${title} needs the key '${half}'`, place));
    // An entry that is left empty is one in which everything is left out.
    const data = shaped(schema, entry ?? {}, { document, path, title }, problems);
    if (data !== undefined) entries.set(name, { name, value: data as Entry<Section>, document, path });
  }
}

/** Groups, and structures that are only recorded, are named as others named them. */
function nameProblemIn(section: Section, name: string, entry: Json): string | undefined {
  if (section === "groups") return ansibleNameProblem(name);
  if (section === "zones") return domainProblem(name);
  if (section !== "structures") return nameProblem(name);
  const recorded = isJsonObject(entry) && isLeftOut(entry["foundation"]) && isLeftOut(entry["blueprint"]);
  return recorded || (isJsonObject(entry) && typeof entry["hostname"] === "string")
    ? ansibleNameProblem(name)
    : hostnameProblem(name);
}

/** A structure is built, and has a blueprint and a foundation, or it is only recorded, and has neither: one alone was forgotten. */
function missingHalf(entry: Json): string | undefined {
  if (!isJsonObject(entry) || isLeftOut(entry["foundation"]) === isLeftOut(entry["blueprint"])) return undefined;
  return isLeftOut(entry["blueprint"]) ? "blueprint" : "foundation";
}

function isLeftOut(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function oneTenant(documents: readonly SourceDocument[], problems: Problem[]): WrittenTenant | undefined {
  const [document, ...others] = documents;
  if (document === undefined) return undefined;
  const path = [TENANT_KEY];
  for (const other of others) {
    const first = placeText(document.placeOfKey(path));
    const message = `the tenant is described twice, first at ${first}`;
    problems.push(problem(DUPLICATE_NAME, message, other.placeOfKey(path)));
  }
  const entry = (document.value as { readonly [key: string]: Json })[TENANT_KEY] ?? {};
  const value = shaped(tenantSchema, entry, { document, path, title: "the tenant" }, problems);
  return value === undefined ? undefined : { value: value as TenantEntry, document, path };
}

/** An entry whose only faults are keys that do not exist, or what it asks of hardware, is still looked at without them: it may have others. */
function shaped(schema: z.ZodType, entry: Json, source: Source, problems: Problem[]): unknown {
  const parsed = schema.safeParse(entry);
  if (parsed.success) return parsed.data;
  problems.push(...shapeProblems(parsed.error.issues, schema, entry, source));
  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0
      ? issue.keys
      : issue.path[0] === "hardware"
        ? ["hardware"]
        : [],
  );
  if (unknown.length === 0 || !isJsonObject(entry)) return undefined;
  const known = Object.fromEntries(Object.entries(entry).filter(([key]) => !unknown.includes(key)));
  const again = schema.safeParse(known);
  return again.success ? again.data : undefined;
}

function collectDesign(
  document: SourceDocument,
  value: Json,
  designs: { name: string; place: Place }[],
  problems: Problem[],
): void {
  const place = document.placeOf([DESIGN_KEY]);
  designs.push({ name: String(value), place });
  if (typeof value !== "string") {
    problems.push(problem(WRONG_TYPE, `'design' must be a text, but is ${kindOf(value)}`, place));
    return;
  }
  const wrong = nameProblem(value);
  if (wrong !== undefined)
    problems.push(problem(INVALID_NAME, `the name '${value.slice(0, 80)}' of the design ${wrong}`, place));
}

function oneDesign(
  designs: readonly { name: string; place: Place }[],
  documents: readonly SourceDocument[],
  problems: Problem[],
): string | undefined {
  const [first, ...others] = designs;
  for (const other of others) {
    problems.push(
      problem(
        DUPLICATE_NAME,
        `the design is named twice, first at ${placeText(first?.place ?? other.place)}`,
        other.place,
      ),
    );
  }
  const document = documents[0];
  if (first === undefined && document !== undefined) {
    const message = "no document says which design this is: one of them needs the key 'design' with a name";
    problems.push(problem(MISSING_KEY, message, { file: document.file, line: 1, column: 1 }));
  }
  return first?.name;
}
