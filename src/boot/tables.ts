import type { Migration } from "../platform/database/index.ts";

interface BootProfileTable {
  id: string;
  tenant_id: string;
  name: string;
  description: string;
  script: string;
  template: string;
  version: number;
  created_at: number;
  updated_at: number;
}

interface BootSettingTable {
  foundation_id: string;
  tenant_id: string;
  interface: string;
  profile: string;
  job_id: string | null;
  set_at: number;
}

interface BootKeyTable {
  id: string;
  tenant_id: string;
  foundation_id: string;
  structure_id: string | null;
  job_id: string | null;
  hash: string;
  created_at: number;
  expires_at: number;
  closed: number;
  suspended: number;
}

interface BootSignalTable {
  foundation_id: string;
  tenant_id: string;
  name: string;
  reset_at: number;
  outcome: string | null;
  message: string;
  signalled_at: number | null;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    boot_profile: BootProfileTable;
    boot_setting: BootSettingTable;
    boot_key: BootKeyTable;
    boot_signal: BootSignalTable;
  }
}

export const bootMigrations: readonly Migration[] = [
  {
    name: "1701_boot",
    statements: (types) => [
      `create table boot_profile (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        name ${types.text} not null,
        description ${types.text} not null,
        script ${types.text} not null,
        template ${types.text} not null,
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, name)
      )${types.strict}`,
      `create table boot_setting (
        foundation_id ${types.id} not null,
        tenant_id ${types.id} not null,
        interface ${types.text} not null,
        profile ${types.text} not null,
        job_id ${types.id},
        set_at ${types.time} not null,
        primary key (foundation_id, interface)
      )${types.strict}`,
      "create index boot_setting_profile on boot_setting (tenant_id, profile)",
      `create table boot_key (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        foundation_id ${types.id} not null,
        structure_id ${types.id},
        job_id ${types.id},
        hash ${types.text} not null unique,
        created_at ${types.time} not null,
        expires_at ${types.time} not null,
        closed ${types.flag} not null
      )${types.strict}`,
      "create index boot_key_foundation on boot_key (foundation_id)",
      "create index boot_key_job on boot_key (job_id)",
      `create table boot_signal (
        foundation_id ${types.id} primary key,
        tenant_id ${types.id} not null,
        name ${types.text} not null,
        reset_at ${types.time} not null,
        outcome ${types.text},
        message ${types.text} not null,
        signalled_at ${types.time}
      )${types.strict}`,
    ],
  },
  {
    name: "1702_boot_key_suspended",
    statements: (types) => [`alter table boot_key add column suspended ${types.flag} not null default 0`],
  },
];
