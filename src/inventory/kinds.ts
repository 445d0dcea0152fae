import type { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";
import {
  ADDRESS_BLOCK_SCHEMA,
  BLUEPRINT_SCHEMA,
  COMPLEX_SCHEMA,
  DEPENDENCY_SCHEMA,
  FIELD_SCHEMA_SCHEMA,
  FOUNDATION_SCHEMA,
  GROUP_SCHEMA,
  INTERFACE_SCHEMA,
  LINK_SCHEMA,
  NETWORK_SCHEMA,
  SITE_SCHEMA,
  STRUCTURE_SCHEMA,
  TENANT_SCHEMA,
  ZONE_SCHEMA,
} from "./kind-schemas.ts";
import { NO_NOTES, type InventoryRows } from "./model.ts";
import { address, listed, single, trunk, type Reference } from "./references.ts";
import type { TableName } from "./rows.ts";

/** Every kind of thing in the inventory, as one table: what it is called, where it is kept, what it may hold, and what it refers to. */

export type Kind =
  | "tenant"
  | "site"
  | "group"
  | "network"
  | "link"
  | "interface"
  | "zone"
  | "field_schema"
  | "address_block"
  | "blueprint"
  | "foundation"
  | "structure"
  | "complex"
  | "dependency";

/** Kinds a tenant owns: all but the tenant itself. */
export type OwnedKind = Exclude<Kind, "tenant">;

export interface KindRule<Name extends Kind = Kind> {
  readonly kind: Name;
  /** For sentences: `address block`. */
  readonly title: string;
  /** In paths: `address-blocks`. */
  readonly plural: string;
  /** What is written of it; members left out take their defaults. */
  readonly schema: z.ZodObject;
  readonly references: readonly Reference[];
  /** Whether jobs build it: it is taken down before its row goes. */
  readonly built: boolean;
}

export interface OwnedRule extends KindRule<OwnedKind> {
  /** The member of a snapshot, and of rows to write, that holds it. */
  readonly rows: keyof InventoryRows;
  readonly table: TableName;
}

export const TENANT_RULE: KindRule<"tenant"> = {
  kind: "tenant",
  title: "tenant",
  plural: "tenants",
  schema: TENANT_SCHEMA,
  references: [],
  built: false,
};

/** In the order in which they are written: what is referred to first. */
export const OWNED_RULES: readonly OwnedRule[] = [
  {
    kind: "field_schema",
    title: "field schema",
    plural: "field-schemas",
    rows: "fieldSchemas",
    table: "field_schema",
    schema: FIELD_SCHEMA_SCHEMA,
    references: [],
    built: false,
  },
  {
    kind: "zone",
    title: "zone",
    plural: "zones",
    rows: "zones",
    table: "zone",
    schema: ZONE_SCHEMA,
    references: [single("parent", "zone", "clear")],
    built: false,
  },
  {
    kind: "site",
    title: "site",
    plural: "sites",
    rows: "sites",
    table: "site",
    schema: SITE_SCHEMA,
    references: [single("parent", "site", "remove"), single("zone", "zone", "clear")],
    built: false,
  },
  {
    kind: "group",
    title: "group",
    plural: "groups",
    rows: "groups",
    table: "inventory_group",
    schema: GROUP_SCHEMA,
    references: [single("parent", "group", "remove"), listed("includes", "group", "keep")],
    built: false,
  },
  {
    kind: "network",
    title: "network",
    plural: "networks",
    rows: "networks",
    table: "network",
    schema: NETWORK_SCHEMA,
    references: [single("site", "site", "remove")],
    built: false,
  },
  {
    kind: "link",
    title: "link",
    plural: "links",
    rows: "links",
    table: "link",
    schema: LINK_SCHEMA,
    references: [single("site", "site", "remove"), listed("networks", "network", "clear"), trunk()],
    built: false,
  },
  {
    kind: "address_block",
    title: "address block",
    plural: "address-blocks",
    rows: "addressBlocks",
    table: "address_block",
    schema: ADDRESS_BLOCK_SCHEMA,
    references: [single("site", "site", "remove"), single("network", "network", "clear")],
    built: false,
  },
  {
    kind: "blueprint",
    title: "blueprint",
    plural: "blueprints",
    rows: "blueprints",
    table: "blueprint",
    schema: BLUEPRINT_SCHEMA,
    references: [listed("parents", "blueprint", "remove"), listed("foundationBlueprints", "blueprint", "clear")],
    built: false,
  },
  {
    kind: "foundation",
    title: "foundation",
    plural: "foundations",
    rows: "foundations",
    table: "foundation",
    schema: FOUNDATION_SCHEMA,
    references: [
      single("site", "site", "remove"),
      single("blueprint", "blueprint", "remove"),
      single("complex", "complex", "remove"),
    ],
    built: true,
  },
  {
    kind: "structure",
    title: "structure",
    plural: "structures",
    rows: "structures",
    table: "structure",
    schema: STRUCTURE_SCHEMA,
    references: [
      single("site", "site", "remove"),
      single("blueprint", "blueprint", "remove"),
      single("foundation", "foundation", "remove"),
      single("parent", "structure", "remove"),
      listed("groups", "group", "clear"),
      single("zone", "zone", "clear"),
      address("block", "address_block"),
      address("interface", "interface"),
      listed("dependsOn", "structure", "clear"),
    ],
    built: true,
  },
  {
    kind: "interface",
    title: "interface",
    plural: "interfaces",
    rows: "interfaces",
    table: "interface",
    schema: INTERFACE_SCHEMA,
    references: [
      single("foundation", "foundation", "remove"),
      single("structure", "structure", "remove"),
      single("network", "network", "clear"),
      single("link", "link", "clear"),
    ],
    built: false,
  },
  {
    kind: "complex",
    title: "complex",
    plural: "complexes",
    rows: "complexes",
    table: "complex",
    schema: COMPLEX_SCHEMA,
    references: [single("site", "site", "remove"), listed("members", "structure", "clear")],
    built: false,
  },
  {
    kind: "dependency",
    title: "dependency",
    plural: "dependencies",
    rows: "dependencies",
    table: "dependency",
    schema: DEPENDENCY_SCHEMA,
    references: [
      single("foundation", "foundation", "remove"),
      single("structure", "structure", "remove"),
      single("dependency", "dependency", "remove"),
      single("scriptStructure", "structure", "clear"),
    ],
    built: true,
  },
];

const BY_KIND: ReadonlyMap<string, OwnedRule> = new Map(OWNED_RULES.map((rule) => [rule.kind, rule]));

export const KIND_NAMES: readonly Kind[] = ["tenant", ...OWNED_RULES.map(({ kind }) => kind)];

export function ownedRule(kind: OwnedKind): OwnedRule {
  return BY_KIND.get(kind) as OwnedRule;
}

export function ruleOf(kind: Kind): KindRule {
  return kind === "tenant" ? TENANT_RULE : ownedRule(kind);
}

/** What a kind is called in a sentence: `address block`. */
export function titleOf(kind: Kind): string {
  return ruleOf(kind).title;
}

/** Of what jobs build and of which nothing is there yet. */
const NOT_BUILT = { state: "planned", stale: false, rebuild: false, jobId: null, build: null, failure: null } as const;

/** What a new row of a kind has beside what somebody writes and what every row carries. */
export function keptOfNew(kind: OwnedKind): object {
  return { ...(ownedRule(kind).built ? NOT_BUILT : {}), ...(kind === "foundation" ? NO_NOTES : {}) };
}

/** Members of `keptOfNew` that others see: all but what it was built with, of which there are only hashes. */
export function shownKept(kind: Kind): readonly string[] {
  return kind === "tenant" ? [] : Object.keys(keptOfNew(kind)).filter((member) => member !== "build");
}

/** Members that follow from others when they are left out, and texts in the one form in which they are kept. */
export function completed(kind: Kind, data: JsonObject): JsonObject {
  switch (kind) {
    case "structure":
      return { ...data, hostname: data["hostname"] ?? data["name"] ?? "" };
    case "interface": {
      const name = data["name"] ?? `${String(data["structure"] ?? data["foundation"] ?? "")}/${String(data["device"])}`;
      const mac = data["mac"];
      return { ...data, name, mac: typeof mac === "string" ? mac.toLowerCase().replaceAll("-", ":") : null };
    }
    case "foundation": {
      const uuid = data["systemUuid"];
      return typeof uuid === "string" ? { ...data, systemUuid: uuid.toLowerCase() } : data;
    }
    case "zone":
      return { ...data, contact: data["contact"] ?? `hostmaster.${String(data["name"])}` };
    case "blueprint":
      return { ...data, scripts: sourceTexts(data, "scripts"), templates: sourceTexts(data, "templates") };
    default:
      return data;
  }
}

/** A text that stands alone begins where nobody but the blueprint knows. */
function sourceTexts(data: JsonObject, member: "scripts" | "templates"): JsonObject {
  return Object.fromEntries(
    Object.entries(data[member] as JsonObject).map(([name, text]) => [
      name,
      typeof text === "string"
        ? { text, origin: { file: `${String(data["name"])}/${name}`, line: 1, column: 1, exact: true } }
        : text,
    ]),
  );
}
