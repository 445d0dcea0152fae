import { DEFAULT_TENANT } from "../access/index.ts";
import type { ColumnTypes, Migration } from "../platform/database/index.ts";

/** Columns that every row of the inventory has. */
interface ManagedColumns {
  id: string;
  tenant_id: string;
  name: string;
  managed_by: string;
  applied: string;
  wanted: "built" | "absent";
  version: number;
  /** Of the tenant's inventory, when the row was last written: readers ask for what is newer than what they know. */
  revision: number;
  created_at: number;
  updated_at: number;
}

interface BuildableColumns {
  state: "planned" | "building" | "built" | "failed" | "destroying";
  stale: number;
  rebuild: number;
  job_id: string | null;
  build: string | null;
  failure: string | null;
}

interface SiteColumns extends ManagedColumns {
  kind: string;
  description: string;
  parent: string | null;
  variables: string;
}

interface AddressBlockColumns extends ManagedColumns {
  site: string;
  subnet: string;
  gateway: string | null;
  reserved: string;
}

interface BlueprintColumns extends ManagedColumns {
  builds: "foundation" | "structure";
  description: string;
  parents: string;
  variables: string;
  scripts: string;
  templates: string;
  foundation_types: string;
  foundation_blueprints: string;
}

interface FoundationColumns extends ManagedColumns, BuildableColumns {
  site: string;
  type: string;
  blueprint: string;
  attributes: string;
  variables: string;
}

interface StructureColumns extends ManagedColumns, BuildableColumns {
  hostname: string;
  site: string;
  blueprint: string;
  foundation: string;
  description: string;
  variables: string;
  addresses: string;
  depends_on: string;
}

interface TenantColumns {
  id: string;
  name: string;
  variables: string;
  /** Grows with every write to the tenant's inventory. */
  revision: number;
}

/** Who has which address: one row each, so that the database itself keeps two from having the same. */
interface AddressColumns {
  tenant_id: string;
  block: string;
  /** 32 hexadecimal digits, see `network`. */
  address: string;
  structure_id: string;
  /** 1: the structure is going away, and somebody else may be waiting for the address. */
  leaving: number;
}

/** What was removed, for readers that know it still. */
interface RemovedColumns {
  tenant_id: string;
  kind: string;
  name: string;
  revision: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    tenant: TenantColumns;
    site: SiteColumns;
    address_block: AddressBlockColumns;
    blueprint: BlueprintColumns;
    foundation: FoundationColumns;
    structure: StructureColumns;
    address: AddressColumns;
    inventory_removed: RemovedColumns;
  }
}

export const inventoryMigrations: readonly Migration[] = [{ name: "1101_inventory", statements: tables }];

function tables(types: ColumnTypes): readonly string[] {
  const { id, text, json, time, integer, flag, strict } = types;
  const buildable = `
      state ${text} NOT NULL,
      stale ${flag} NOT NULL,
      rebuild ${flag} NOT NULL,
      job_id ${id},
      build ${json},
      failure ${json},`;
  function managed(name: string, columns: string): readonly string[] {
    return [
      `CREATE TABLE ${name} (
      id ${id} PRIMARY KEY,
      tenant_id ${id} NOT NULL REFERENCES tenant(id),
      name ${text} NOT NULL,${columns}
      managed_by ${text} NOT NULL,
      applied ${json} NOT NULL,
      wanted ${text} NOT NULL,
      version ${integer} NOT NULL,
      revision ${integer} NOT NULL,
      created_at ${time} NOT NULL,
      updated_at ${time} NOT NULL
    )${strict}`,
      `CREATE UNIQUE INDEX ${name}_name ON ${name} (tenant_id, name)`,
      `CREATE INDEX ${name}_revision ON ${name} (tenant_id, revision)`,
    ];
  }
  return [
    `CREATE TABLE tenant (
      id ${id} PRIMARY KEY,
      name ${text} NOT NULL UNIQUE,
      variables ${json} NOT NULL,
      revision ${integer} NOT NULL
    )${strict}`,
    `INSERT INTO tenant (id, name, variables, revision) VALUES ('${DEFAULT_TENANT.id}', '${DEFAULT_TENANT.name}', '{}', 0)`,
    ...managed(
      "site",
      `
      kind ${text} NOT NULL,
      description ${text} NOT NULL,
      parent ${text},
      variables ${json} NOT NULL,`,
    ),
    ...managed(
      "address_block",
      `
      site ${text} NOT NULL,
      subnet ${text} NOT NULL,
      gateway ${text},
      reserved ${json} NOT NULL,`,
    ),
    ...managed(
      "blueprint",
      `
      builds ${text} NOT NULL,
      description ${text} NOT NULL,
      parents ${json} NOT NULL,
      variables ${json} NOT NULL,
      scripts ${json} NOT NULL,
      templates ${json} NOT NULL,
      foundation_types ${json} NOT NULL,
      foundation_blueprints ${json} NOT NULL,`,
    ),
    ...managed(
      "foundation",
      `
      site ${text} NOT NULL,
      type ${text} NOT NULL,
      blueprint ${text} NOT NULL,
      attributes ${json} NOT NULL,
      variables ${json} NOT NULL,${buildable}`,
    ),
    ...managed(
      "structure",
      `
      hostname ${text} NOT NULL,
      site ${text} NOT NULL,
      blueprint ${text} NOT NULL,
      foundation ${text} NOT NULL,
      description ${text} NOT NULL,
      variables ${json} NOT NULL,
      addresses ${json} NOT NULL,
      depends_on ${json} NOT NULL,${buildable}`,
    ),
    `CREATE TABLE address (
      tenant_id ${id} NOT NULL,
      block ${text} NOT NULL,
      address ${text} NOT NULL,
      structure_id ${id} NOT NULL REFERENCES structure(id),
      leaving ${flag} NOT NULL,
      PRIMARY KEY (structure_id, block, address)
    )${strict}`,
    `CREATE UNIQUE INDEX address_holder ON address (tenant_id, block, address) WHERE leaving = 0`,
    `CREATE TABLE inventory_removed (
      tenant_id ${id} NOT NULL,
      kind ${text} NOT NULL,
      name ${text} NOT NULL,
      revision ${integer} NOT NULL
    )${strict}`,
    `CREATE INDEX inventory_removed_order ON inventory_removed (tenant_id, revision)`,
  ];
}
