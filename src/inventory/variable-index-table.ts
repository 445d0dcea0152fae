import type { Migration } from "../platform/database/index.ts";

/** Which definition of variables has which term (`variable-terms.ts`). */
interface VariableIndexColumns {
  /** Made of tenant, path and value. */
  term: number;
  /** What defines it: a place in `OWNER_KINDS`. */
  owner_kind: number;
  /** Its name; of the tenant its id. */
  owner: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    variable_index: VariableIndexColumns;
  }
}

/** What has variables that structures resolve over. Rows hold a place in this list, so new kinds come last. */
export const OWNER_KINDS = ["tenant", "blueprint", "site", "group", "foundation", "structure", "complex"] as const;

export type OwnerKind = (typeof OWNER_KINDS)[number];

/** Over whose variables foundations and structures resolve. */
export const LAYERS_BELOW: Readonly<Record<"foundation" | "structure", readonly OwnerKind[]>> = {
  foundation: ["tenant", "blueprint", "site", "complex"],
  structure: ["tenant", "blueprint", "site", "group", "complex", "foundation"],
};

export const variableIndexMigration: Migration = {
  name: "1105_variable_index",
  statements: ({ dialect, integer, flag, text, strict }) => [
    `CREATE TABLE variable_index (
      term ${integer} NOT NULL,
      owner_kind ${flag} NOT NULL,
      owner ${text} NOT NULL,
      PRIMARY KEY (term, owner_kind, owner)
    )${strict}${dialect === "sqlite" ? ", without rowid" : ""}`,
  ],
};
