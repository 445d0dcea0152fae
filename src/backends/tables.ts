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

declare module "../platform/database/tables.ts" {
  interface Tables {
    inventory_backend: InventoryBackendTable;
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
];
