import type { Migration } from "../platform/database/index.ts";

interface MachineTable {
  id: string;
  tenant_id: string;
  site: string;
  identity: string;
  secret_hash: string;
  facts: string;
  outcome: string;
  state: string;
  assigned: string | null;
  registered_at: number;
  seen_at: number;
}

interface MachineTokenTable {
  hash: string;
  id: string;
  tenant_id: string;
  site: string;
  description: string;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    machine: MachineTable;
    machine_token: MachineTokenTable;
  }
}

/** Machines that registered, and the tokens they do it with. */
export const machineMigrations: readonly Migration[] = [
  {
    name: "2901_machines",
    statements: ({ id, text, json, time, strict }) => [
      `create table machine (
        id ${id} primary key,
        tenant_id ${id} not null,
        site ${text} not null,
        identity ${text} not null,
        secret_hash ${text} not null,
        facts ${json} not null,
        outcome ${json} not null,
        state ${text} not null,
        assigned ${text},
        registered_at ${time} not null,
        seen_at ${time} not null
      )${strict}`,
      "create unique index machine_identity on machine (tenant_id, site, identity)",
      `create table machine_token (
        hash ${text} primary key,
        id ${id} not null,
        tenant_id ${id} not null,
        site ${text} not null,
        description ${text} not null,
        created_at ${time} not null,
        expires_at ${time},
        used_at ${time}
      )${strict}`,
      "create index machine_token_of on machine_token (tenant_id, id)",
    ],
  },
];
