import { auditMigrations, DEFAULT_TENANT } from "../access/index.ts";
import type { ColumnTypes, Migration } from "../platform/database/index.ts";
import { variableIndexMigration } from "./variable-index-table.ts";
import { idempotencyMigration } from "./idempotency-store.ts";
import { membersMigration } from "./members-store.ts";

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

/** Columns of everything that can carry labels, references to assets, and custom fields. */
interface DescribedColumns {
  labels: string;
  assets: string;
  fields: string;
}

interface SiteColumns extends ManagedColumns, DescribedColumns {
  kind: string;
  description: string;
  parent: string | null;
  variables: string;
  zone: string | null;
  max_jobs: number | null;
}

/** `group` is a word of SQL. */
interface GroupColumns extends ManagedColumns, DescribedColumns {
  kind: string;
  description: string;
  parent: string | null;
  includes: string;
  priority: number;
  variables: string;
  configuration: string | null;
}

interface NetworkColumns extends ManagedColumns, DescribedColumns {
  site: string | null;
  description: string;
  mtu: number | null;
  vlan: number | null;
}

interface LinkColumns extends ManagedColumns, DescribedColumns {
  site: string | null;
  description: string;
  mtu: number | null;
  speed: string | null;
  bonding: string | null;
  trunking: string;
  networks: string;
}

interface InterfaceColumns extends ManagedColumns, DescribedColumns {
  foundation: string | null;
  structure: string | null;
  device: string;
  type: string;
  mac: string | null;
  mtu: number | null;
  vlan: number | null;
  members: string;
  network: string | null;
  link: string | null;
  link_name: string | null;
  provisioning: number;
  physical_location: string | null;
  parameters: string;
}

interface ZoneColumns extends ManagedColumns, DescribedColumns {
  description: string;
  parent: string | null;
  contact: string;
  nameservers: string;
  ttl: number;
  refresh: number;
  retry: number;
  expire: number;
  minimum: number;
  records: string;
  views: string;
}

interface FieldSchemaColumns extends ManagedColumns, DescribedColumns {
  schema: string;
}

interface AddressBlockColumns extends ManagedColumns, DescribedColumns {
  site: string;
  subnet: string;
  gateway: string | null;
  reserved: string;
  dynamic: string;
  network: string | null;
  description: string;
}

interface BlueprintColumns extends ManagedColumns, DescribedColumns {
  builds: "foundation" | "structure";
  description: string;
  parents: string;
  variables: string;
  scripts: string;
  templates: string;
  foundation_types: string;
  foundation_blueprints: string;
  interfaces: string;
  hardware: string | null;
  max_jobs: number | null;
}

interface FoundationColumns extends ManagedColumns, DescribedColumns, BuildableColumns {
  site: string;
  type: string;
  blueprint: string;
  attributes: string;
  variables: string;
  complex: string | null;
  system_uuid: string | null;
  located_at: number | null;
  machine_id: string | null;
  identifiers: string;
  placed_on: string | null;
}

interface ComplexColumns extends ManagedColumns, DescribedColumns {
  site: string;
  description: string;
  type: string;
  members: string;
  built_percentage: number;
  attributes: string;
  capacity: string;
}

interface DependencyColumns extends ManagedColumns, DescribedColumns, BuildableColumns {
  foundation: string;
  structure: string | null;
  dependency: string | null;
  link: "soft" | "hard";
  script_structure: string | null;
  create_script: string | null;
  destroy_script: string | null;
  description: string;
}

interface StructureColumns extends ManagedColumns, DescribedColumns, BuildableColumns {
  hostname: string;
  site: string;
  blueprint: string | null;
  foundation: string | null;
  description: string;
  variables: string;
  parent: string | null;
  role: string | null;
  management_address: string | null;
  groups: string;
  zone: string | null;
  addresses: string;
  depends_on: string;
}

interface TenantColumns extends DescribedColumns {
  id: string;
  name: string;
  description: string;
  variables: string;
  managed_by: string;
  applied: string;
  wanted: "built" | "absent";
  version: number;
  created_at: number;
  updated_at: number;
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
    inventory_group: GroupColumns;
    network: NetworkColumns;
    link: LinkColumns;
    interface: InterfaceColumns;
    zone: ZoneColumns;
    field_schema: FieldSchemaColumns;
    address_block: AddressBlockColumns;
    blueprint: BlueprintColumns;
    foundation: FoundationColumns;
    structure: StructureColumns;
    complex: ComplexColumns;
    dependency: DependencyColumns;
    address: AddressColumns;
    inventory_removed: RemovedColumns;
  }
}

/** With those of the audit, in which every write is told. */
export const inventoryMigrations: readonly Migration[] = [
  ...auditMigrations,
  { name: "1101_inventory", statements: tables },
  variableIndexMigration,
  {
    name: "1106_blueprint_described",
    statements: ({ json }) => [
      `ALTER TABLE blueprint ADD COLUMN labels ${json} NOT NULL DEFAULT '{}'`,
      `ALTER TABLE blueprint ADD COLUMN assets ${json} NOT NULL DEFAULT '[]'`,
      `ALTER TABLE blueprint ADD COLUMN fields ${json} NOT NULL DEFAULT '{}'`,
    ],
  },
  idempotencyMigration,
  membersMigration,
  { name: "1107_builder", statements: builder },
];

/** What the foreman builds by: complexes, dependencies, limits, and what is kept of machines that were found. */
function builder(types: ColumnTypes): readonly string[] {
  const { id, text, json, time, integer } = types;
  const added: readonly (readonly [table: string, columns: readonly string[]])[] = [
    ["site", [`max_jobs ${integer}`]],
    ["interface", [`link_name ${text}`]],
    ["blueprint", [`interfaces ${json} NOT NULL DEFAULT '[]'`, `hardware ${json}`, `max_jobs ${integer}`]],
    [
      "foundation",
      [
        `complex ${text}`,
        `system_uuid ${text}`,
        `located_at ${time}`,
        `machine_id ${id}`,
        `identifiers ${json} NOT NULL DEFAULT '{}'`,
        `placed_on ${text}`,
      ],
    ],
  ];
  return [
    ...added.flatMap(([table, columns]) => columns.map((column) => `ALTER TABLE ${table} ADD COLUMN ${column}`)),
    ...managedTable(
      types,
      "complex",
      `${describedColumns(types)}
      site ${text} NOT NULL,
      description ${text} NOT NULL,
      type ${text} NOT NULL,
      members ${json} NOT NULL,
      built_percentage ${integer} NOT NULL,
      attributes ${json} NOT NULL,
      capacity ${json} NOT NULL,`,
    ),
    ...managedTable(
      types,
      "dependency",
      `${describedColumns(types)}
      foundation ${text} NOT NULL,
      structure ${text},
      dependency ${text},
      link ${text} NOT NULL,
      script_structure ${text},
      create_script ${text},
      destroy_script ${text},
      description ${text} NOT NULL,${buildableColumns(types)}`,
    ),
  ];
}

function describedColumns({ json }: ColumnTypes): string {
  return `
      labels ${json} NOT NULL,
      assets ${json} NOT NULL,
      fields ${json} NOT NULL,`;
}

function buildableColumns({ id, text, json, flag }: ColumnTypes): string {
  return `
      state ${text} NOT NULL,
      stale ${flag} NOT NULL,
      rebuild ${flag} NOT NULL,
      job_id ${id},
      build ${json},
      failure ${json},`;
}

function managedTable(
  { id, text, json, time, integer, strict }: ColumnTypes,
  name: string,
  columns: string,
): readonly string[] {
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

function tables(types: ColumnTypes): readonly string[] {
  const { id, text, json, time, integer, flag, strict } = types;
  const described = describedColumns(types);
  const buildable = buildableColumns(types);
  const managed = (name: string, columns: string): readonly string[] => managedTable(types, name, columns);
  return [
    `CREATE TABLE tenant (
      id ${id} PRIMARY KEY,
      name ${text} NOT NULL UNIQUE,${described}
      description ${text} NOT NULL,
      variables ${json} NOT NULL,
      managed_by ${text} NOT NULL,
      applied ${json} NOT NULL,
      wanted ${text} NOT NULL,
      version ${integer} NOT NULL,
      created_at ${time} NOT NULL,
      updated_at ${time} NOT NULL,
      revision ${integer} NOT NULL
    )${strict}`,
    `INSERT INTO tenant
      (id, name, labels, assets, fields, description, variables, managed_by, applied, wanted, version, created_at, updated_at, revision)
      VALUES ('${DEFAULT_TENANT.id}', '${DEFAULT_TENANT.name}', '{}', '[]', '{}', '', '{}', 'person', '{}', 'built', 1, 0, 0, 0)`,
    ...managed(
      "site",
      `${described}
      kind ${text} NOT NULL,
      description ${text} NOT NULL,
      parent ${text},
      variables ${json} NOT NULL,
      zone ${text},`,
    ),
    ...managed(
      "inventory_group",
      `${described}
      kind ${text} NOT NULL,
      description ${text} NOT NULL,
      parent ${text},
      includes ${json} NOT NULL,
      priority ${integer} NOT NULL,
      variables ${json} NOT NULL,
      configuration ${json},`,
    ),
    ...managed(
      "network",
      `${described}
      site ${text},
      description ${text} NOT NULL,
      mtu ${integer},
      vlan ${integer},`,
    ),
    ...managed(
      "link",
      `${described}
      site ${text},
      description ${text} NOT NULL,
      mtu ${integer},
      speed ${text},
      bonding ${json},
      trunking ${json} NOT NULL,
      networks ${json} NOT NULL,`,
    ),
    ...managed(
      "interface",
      `${described}
      foundation ${text},
      structure ${text},
      device ${text} NOT NULL,
      type ${text} NOT NULL,
      mac ${text},
      mtu ${integer},
      vlan ${integer},
      members ${json} NOT NULL,
      network ${text},
      link ${text},
      provisioning ${flag} NOT NULL,
      physical_location ${text},
      parameters ${json} NOT NULL,`,
    ),
    ...managed(
      "zone",
      `${described}
      description ${text} NOT NULL,
      parent ${text},
      contact ${text} NOT NULL,
      nameservers ${json} NOT NULL,
      ttl ${integer} NOT NULL,
      refresh ${integer} NOT NULL,
      retry ${integer} NOT NULL,
      expire ${integer} NOT NULL,
      minimum ${integer} NOT NULL,
      records ${json} NOT NULL,
      views ${json} NOT NULL,`,
    ),
    ...managed(
      "field_schema",
      `${described}
      schema ${json} NOT NULL,`,
    ),
    ...managed(
      "address_block",
      `${described}
      site ${text} NOT NULL,
      subnet ${text} NOT NULL,
      gateway ${text},
      reserved ${json} NOT NULL,
      dynamic ${json} NOT NULL,
      network ${text},
      description ${text} NOT NULL,`,
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
      `${described}
      site ${text} NOT NULL,
      type ${text} NOT NULL,
      blueprint ${text} NOT NULL,
      attributes ${json} NOT NULL,
      variables ${json} NOT NULL,${buildable}`,
    ),
    ...managed(
      "structure",
      `${described}
      hostname ${text} NOT NULL,
      site ${text} NOT NULL,
      blueprint ${text},
      foundation ${text},
      description ${text} NOT NULL,
      variables ${json} NOT NULL,
      parent ${text},
      role ${text},
      management_address ${text},
      groups ${json} NOT NULL,
      zone ${text},
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
