import type { Problem } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What an import reads, and what becomes of it. */

export const IMPORT_FORMATS = ["osa", "osa-config", "ansible", "csv", "netbox"] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** A file of the source, as text. Its path is what problems name. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What is read, and under which name. */
export interface ImportRequest {
  /** Rows are managed by `import:NAME`. */
  readonly name: string;
  readonly format?: ImportFormat | undefined;
  /** Where structures are for which the source says no site. It is made when it is not there. */
  readonly site: string;
  readonly files: readonly SourceFile[];
}

/** Kinds of rows an import makes. */
export const IMPORT_KINDS = [
  "site",
  "network",
  "link",
  "address_block",
  "group",
  "blueprint",
  "structure",
  "interface",
] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** An address the source says a structure has. It is kept as such where an address block holds it. */
export interface SaidAddress {
  readonly address: string;
  readonly interface?: string;
}

export interface ImportRow {
  readonly kind: ImportKind;
  readonly name: string;
  /** Members the source says something about. The rest is whoever's. */
  readonly data: JsonObject;
  readonly addresses?: readonly SaidAddress[];
  /** Needed by other rows, but not described: whatever row of this name there is will do. */
  readonly onlyNamed?: boolean;
}

/** A whole source, checked. Each row refers only to rows of the document, or to sites and groups that may be there. */
export interface ImportDocument {
  readonly rows: readonly ImportRow[];
  readonly warnings: readonly Problem[];
}

/** One member, or one member of a map, that differs. */
export interface ImportFieldChange {
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}

export type ImportAction = "create" | "change" | "remove" | "conflict";

/** Kinds of what a plan changes: boot profiles come with blueprints. */
export const CHANGED_KINDS = [...IMPORT_KINDS, "boot_profile"] as const;

export interface ImportChange {
  readonly action: ImportAction;
  readonly kind: (typeof CHANGED_KINDS)[number];
  readonly name: string;
  readonly reason: string;
  readonly fields: readonly ImportFieldChange[];
}

export interface ImportPlan {
  readonly name: string;
  readonly changes: readonly ImportChange[];
  readonly unchanged: number;
  /** Equal for two plans that do the same. */
  readonly fingerprint: string;
}
