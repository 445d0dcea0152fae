import { z } from "zod";
import {
  ADDRESS_BLOCK_SCHEMA,
  BLUEPRINT_SCHEMA,
  COMPLEX_SCHEMA,
  DEPENDENCY_SCHEMA,
  FOUNDATION_SCHEMA,
  GROUP_SCHEMA,
  INTERFACE_SCHEMA,
  LINK_SCHEMA,
  NETWORK_SCHEMA,
  SITE_SCHEMA,
  STRUCTURE_SCHEMA,
  ZONE_SCHEMA,
  type LinkData,
} from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

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

/** A member as the inventory takes it. Left empty (null in YAML) it counts as left out. */
function as<T extends z.ZodType>(schema: T): z.ZodType<z.output<T>> {
  return z.preprocess((value) => value ?? undefined, schema) as unknown as z.ZodType<z.output<T>>;
}

/** What can be said of anything but a blueprint. */
const described = {
  labels: as(SITE_SCHEMA.shape.labels),
  assets: as(SITE_SCHEMA.shape.assets),
  fields: as(SITE_SCHEMA.shape.fields) as z.ZodType<JsonObject>,
};

/** The tenant is one: its section holds no names. */
export const tenantSchema = z.strictObject({ description: text, variables, ...described });

const fieldSchema = z.strictObject({ schema: variables, ...described });

const site = z.strictObject({
  kind: text,
  description: text,
  parent: z.string().nullish(),
  variables,
  zone: z.string().nullish(),
  max_jobs: as(SITE_SCHEMA.shape.maxJobs),
  ...described,
});

const group = z.strictObject({
  kind: as(GROUP_SCHEMA.shape.kind),
  description: text,
  parent: z.string().nullish(),
  includes: names,
  priority: as(GROUP_SCHEMA.shape.priority),
  variables,
  configuration: as(GROUP_SCHEMA.shape.configuration),
  ...described,
});

const network = z.strictObject({
  site: z.string().nullish(),
  description: text,
  mtu: as(NETWORK_SCHEMA.shape.mtu),
  vlan: as(NETWORK_SCHEMA.shape.vlan),
  ...described,
});

const link = z.strictObject({
  site: z.string().nullish(),
  description: text,
  mtu: as(LINK_SCHEMA.shape.mtu),
  speed: as(LINK_SCHEMA.shape.speed),
  bonding: as(LINK_SCHEMA.shape.bonding) as z.ZodType<LinkData["bonding"]>,
  trunking: as(LINK_SCHEMA.shape.trunking),
  networks: names,
  ...described,
});

/** An interface of the foundation or structure it is written in. */
const networkInterface = z.strictObject({
  type: as(INTERFACE_SCHEMA.shape.type),
  mac: as(INTERFACE_SCHEMA.shape.mac),
  mtu: as(INTERFACE_SCHEMA.shape.mtu),
  vlan: as(INTERFACE_SCHEMA.shape.vlan),
  members: names,
  network: z.string().nullish(),
  link: z.string().nullish(),
  link_name: as(INTERFACE_SCHEMA.shape.linkName),
  provisioning: as(INTERFACE_SCHEMA.shape.provisioning),
  physical_location: as(INTERFACE_SCHEMA.shape.physicalLocation),
  parameters: variables,
  ...described,
});

const interfaces = mapOf(networkInterface);

const zone = z.strictObject({
  description: text,
  parent: z.string().nullish(),
  contact: as(ZONE_SCHEMA.shape.contact),
  nameservers: as(ZONE_SCHEMA.shape.nameservers),
  ttl: as(ZONE_SCHEMA.shape.ttl),
  refresh: as(ZONE_SCHEMA.shape.refresh),
  retry: as(ZONE_SCHEMA.shape.retry),
  expire: as(ZONE_SCHEMA.shape.expire),
  minimum: as(ZONE_SCHEMA.shape.minimum),
  records: as(ZONE_SCHEMA.shape.records),
  views: as(ZONE_SCHEMA.shape.views),
  ...described,
});

const addressBlock = z.strictObject({
  site: z.string(),
  subnet: z.string(),
  gateway: z.string().nullish(),
  reserved: as(ADDRESS_BLOCK_SCHEMA.shape.reserved),
  dynamic: as(ADDRESS_BLOCK_SCHEMA.shape.dynamic),
  network: z.string().nullish(),
  description: text,
  ...described,
});

const blueprint = z.strictObject({
  builds: z.enum(["foundation", "structure"]),
  description: text,
  parents: names,
  foundation_types: names,
  foundation_blueprints: names,
  interfaces: as(BLUEPRINT_SCHEMA.shape.interfaces),
  hardware: as(BLUEPRINT_SCHEMA.shape.hardware) as z.ZodType<JsonObject | null>,
  max_jobs: as(BLUEPRINT_SCHEMA.shape.maxJobs),
  variables,
  scripts: mapOf(source),
  templates: mapOf(source),
});

const inlineFoundation = z.strictObject({
  /** Left out: that of its complex. */
  type: z.string().nullish(),
  blueprint: z.string(),
  attributes: variables,
  variables,
  complex: z.string().nullish(),
  system_uuid: as(FOUNDATION_SCHEMA.shape.systemUuid),
  interfaces,
  ...described,
});

const foundation = z.strictObject({ site: z.string(), ...inlineFoundation.shape });

const structure = z.strictObject({
  site: z.string(),
  blueprint: z.string().nullish(),
  foundation: z.union([z.string(), inlineFoundation]).nullish(),
  hostname: z.string().nullish(),
  description: text,
  addresses: z
    .array(z.strictObject({ block: z.string(), address: z.string().nullish(), interface: z.string().nullish() }))
    .nullish()
    .transform((list) => list ?? []),
  depends_on: names,
  variables,
  parent: z.string().nullish(),
  role: as(STRUCTURE_SCHEMA.shape.role),
  management_address: as(STRUCTURE_SCHEMA.shape.managementAddress),
  groups: names,
  zone: z.string().nullish(),
  interfaces,
  ...described,
});

const complex = z.strictObject({
  site: z.string(),
  description: text,
  type: z.string(),
  members: names,
  built_percentage: as(COMPLEX_SCHEMA.shape.builtPercentage),
  attributes: variables,
  capacity: as(COMPLEX_SCHEMA.shape.capacity),
  ...described,
});

const dependency = z.strictObject({
  foundation: z.string(),
  structure: z.string().nullish(),
  dependency: z.string().nullish(),
  link: as(DEPENDENCY_SCHEMA.shape.link),
  script_structure: z.string().nullish(),
  create_script: as(DEPENDENCY_SCHEMA.shape.createScript),
  destroy_script: as(DEPENDENCY_SCHEMA.shape.destroyScript),
  description: text,
  ...described,
});

/** Each entry of a section on its own, so that one that is wrong does not hide what is wrong with the others. */
export const SECTIONS = {
  field_schemas: fieldSchema,
  zones: zone,
  sites: site,
  networks: network,
  links: link,
  address_blocks: addressBlock,
  groups: group,
  blueprints: blueprint,
  complexes: complex,
  foundations: foundation,
  structures: structure,
  dependencies: dependency,
} as const;

export type Section = keyof typeof SECTIONS;

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly Section[];

/** The key that names the design, beside the sections. */
export const DESIGN_KEY = "design";

/** The section that is one thing and no map of them. */
export const TENANT_KEY = "tenant";

export type TenantEntry = z.output<typeof tenantSchema>;

/** An interface as written. */
export type InterfaceEntry = z.output<typeof networkInterface>;

/** A foundation as written inside of a structure. */
export type FoundationEntry = z.output<typeof inlineFoundation>;

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
