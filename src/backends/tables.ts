import type { Migration } from "../platform/database/index.ts";

interface InventoryBackendTable {
  id: string;
  tenant_id: string;
  name: string;
  kind: string;
  site: string;
  settings: string;
  version: number;
  created_at: number;
  updated_at: number;
}

/** What a backend was last read to hold, as far as its names go on being answered when it is gone. */
interface InventoryBackendNamesTable {
  backend_id: string;
  rows: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    inventory_backend: InventoryBackendTable;
    inventory_backend_names: InventoryBackendNamesTable;
  }
}

export const backendMigrations: readonly Migration[] = [
  {
    name: "2501_backends",
    statements: (types) => [
      `create table inventory_backend (
        id ${types.id} primary key,
        tenant_id ${types.id} not null references tenant (id),
        name ${types.text} not null,
        kind ${types.text} not null,
        site ${types.text} not null,
        settings ${types.json} not null,
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, name),
        unique (tenant_id, site)
      )${types.strict}`,
    ],
  },
  {
    name: "2502_backend_names",
    statements: (types) => [
      `create table inventory_backend_names (
        backend_id ${types.id} primary key references inventory_backend (id) on delete cascade,
        rows ${types.json} not null
      )${types.strict}`,
    ],
  },
];
