import type { Migration } from "../platform/database/index.ts";

interface MasterKeyTable {
  id: string;
  source: string;
  check_value: Uint8Array;
  /** 1: it wraps all data keys. One row has it. */
  current: number;
  created_at: number;
}

interface DataKeyTable {
  tenant_id: string;
  generation: number;
  wrapped: Uint8Array;
  master_key_id: string;
  reserved: number;
  created_at: number;
}

interface SecretTable {
  id: string;
  tenant_id: string;
  owner_kind: string;
  owner_id: string;
  name: string;
  kind: string;
  size: number;
  description: string;
  expires_at: number | null;
  generation: number;
  sealed: Uint8Array;
  version: number;
  created_at: number;
  updated_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    master_key: MasterKeyTable;
    data_key: DataKeyTable;
    secret: SecretTable;
  }
}

export const secretMigrations: readonly Migration[] = [
  {
    name: "0701_secrets",
    statements: (types) => [
      `create table master_key (
        id ${types.text} primary key,
        source ${types.text} not null,
        check_value ${types.blob} not null,
        current ${types.flag} not null,
        created_at ${types.time} not null
      )${types.strict}`,
      `create unique index master_key_current on master_key (current) where current = 1`,
      `create table data_key (
        tenant_id ${types.id} not null,
        generation ${types.integer} not null,
        wrapped ${types.blob} not null,
        master_key_id ${types.text} not null references master_key (id),
        reserved ${types.integer} not null,
        created_at ${types.time} not null,
        primary key (tenant_id, generation)
      )${types.strict}`,
      `create table secret (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        owner_kind ${types.text} not null,
        owner_id ${types.id} not null,
        name ${types.text} not null,
        kind ${types.text} not null,
        size ${types.integer} not null,
        description ${types.text} not null,
        expires_at ${types.time},
        generation ${types.integer} not null,
        sealed ${types.blob} not null,
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, owner_kind, owner_id, name),
        foreign key (tenant_id, generation) references data_key (tenant_id, generation)
      )${types.strict}`,
      `create index secret_name on secret (tenant_id, name, id)`,
      `create index secret_generation on secret (tenant_id, generation, id)`,
    ],
  },
];
