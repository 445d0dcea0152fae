import type { Migration } from "../platform/database/index.ts";

interface CustomVerbTable {
  id: string;
  tenant_id: string;
  name: string;
  manifest: string;
  file: string;
  kind: string;
  program: Uint8Array;
  sha256: string;
  size: number;
  version: number;
  author: string;
  created_at: number;
  updated_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    custom_verb: CustomVerbTable;
  }
}

export const customVerbMigrations: readonly Migration[] = [
  {
    name: "3301_custom_verbs",
    statements: (types) => [
      `create table custom_verb (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        name ${types.text} not null,
        manifest ${types.json} not null,
        file ${types.text} not null,
        kind ${types.text} not null,
        program ${types.blob} not null,
        sha256 ${types.text} not null,
        size ${types.integer} not null,
        version ${types.integer} not null,
        author ${types.text} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, name)
      )${types.strict}`,
    ],
  },
];
