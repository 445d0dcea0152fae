import { z } from "zod";
import type { Json } from "../kernel/json.ts";

/**
 * The shapes of the sections of a document: types only. What names mean to each other is looked at in `ingest.ts`. A section or map that
 * is written but left empty (null in YAML) counts as empty.
 */

/** What comes out of a document is JSON already. */
const anything = z.custom<Json>(() => true);
const variables = mapOf(anything);
const names = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A script or template: its text, or the file that holds it, relative to the document. */
const source = z.union([z.string(), z.strictObject({ file: z.string().min(1) })]);

const site = z.strictObject({
  kind: text,
  description: text,
  parent: z.string().nullish(),
  variables,
});

const addressBlock = z.strictObject({
  site: z.string(),
  subnet: z.string(),
  gateway: z.string().nullish(),
  reserved: names,
});

const blueprint = z.strictObject({
  builds: z.enum(["foundation", "structure"]),
  description: text,
  parents: names,
  foundation_types: names,
  foundation_blueprints: names,
  variables,
  scripts: mapOf(source),
  templates: mapOf(source),
});

const inlineFoundation = z.strictObject({
  type: z.string(),
  blueprint: z.string(),
  attributes: variables,
  variables,
});

const foundation = z.strictObject({ site: z.string(), ...inlineFoundation.shape });

const structure = z.strictObject({
  site: z.string(),
  blueprint: z.string(),
  foundation: z.union([z.string(), inlineFoundation]),
  description: text,
  addresses: z
    .array(z.strictObject({ block: z.string(), address: z.string().nullish() }))
    .nullish()
    .transform((list) => list ?? []),
  depends_on: names,
  variables,
});

/** Each entry of a section on its own, so that one that is wrong does not hide what is wrong with the others. */
export const SECTIONS = {
  sites: site,
  address_blocks: addressBlock,
  blueprints: blueprint,
  foundations: foundation,
  structures: structure,
} as const;

export type Section = keyof typeof SECTIONS;

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly Section[];

/** The key that names the design, beside the sections. */
export const DESIGN_KEY = "design";

/** An entry of a section after its shape was found right. */
export type Entry<S extends Section> = z.output<(typeof SECTIONS)[S]>;

/** A script or template as written. */
export type SourceEntry = z.output<typeof source>;

/** What `gantry` sends to the server: the documents, and the files they name, by path. Paths are relative to what was given to `up`. */
export const bundleSchema = z.strictObject({
  documents: z.array(z.strictObject({ path: z.string().min(1).max(4096), text: z.string() })).max(10_000),
  files: z.record(z.string(), z.string()).default({}),
});

export type Bundle = z.output<typeof bundleSchema>;

function mapOf<T extends z.ZodType>(values: T) {
  return z
    .record(z.string(), values)
    .nullish()
    .transform((map) => map ?? {});
}
