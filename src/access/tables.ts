import type { ColumnTypes, Migration } from "../platform/database/index.ts";

export interface AccountColumns {
  id: string;
  kind: string;
  name: string;
  display_name: string;
  email: string | null;
  tenant_id: string | null;
  source: string;
  external_id: string | null;
  directory_groups: string;
  /** How the password is recognised, with its parameters. Null: there is none. */
  password: string | null;
  disabled_at: number | null;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface AccountTokenColumns {
  id: string;
  account_id: string;
  name: string;
  kind: string;
  /** SHA-256 of the token, hex. */
  sha256: string;
  permissions: string | null;
  tenant_id: string | null;
  expires_at: number;
  last_used_at: number | null;
  created_at: number;
}

export interface RoleColumns {
  id: string;
  tenant_id: string;
  name: string;
  description: string;
  permissions: string;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface RoleBindingColumns {
  id: string;
  /** Null: the whole server. */
  tenant_id: string | null;
  account_id: string | null;
  directory_group: string | null;
  role: string;
  scope: string;
  /** The id of a site or group, the name of a project; empty: the whole tenant or server. */
  scope_id: string;
  created_at: number;
}

interface AccessRevisionColumns {
  one: number;
  revision: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    account: AccountColumns;
    account_token: AccountTokenColumns;
    access_role: RoleColumns;
    role_binding: RoleBindingColumns;
    revoked_token: { id: string; revoked_at: number };
    access_revision: AccessRevisionColumns;
  }
}

/**
 * Tenants stand further down in the order of rooms, so that their ids are no foreign keys here: `forgetTenant` removes what is a
 * tenant's with it.
 */
export const accessMigrations: readonly Migration[] = [
  {
    name: "0601_access",
    statements: ({ id, text, json, time, integer, strict }: ColumnTypes) => [
      `CREATE TABLE account (
        id ${id} PRIMARY KEY,
        kind ${text} NOT NULL,
        name ${text} NOT NULL,
        display_name ${text} NOT NULL,
        email ${text},
        tenant_id ${id},
        source ${text} NOT NULL,
        external_id ${text},
        directory_groups ${json} NOT NULL,
        password ${text},
        disabled_at ${time},
        version ${integer} NOT NULL,
        created_at ${time} NOT NULL,
        updated_at ${time} NOT NULL,
        UNIQUE (source, external_id)
      )${strict}`,
      "CREATE UNIQUE INDEX account_name ON account (COALESCE(tenant_id, ''), name)",
      `CREATE TABLE account_token (
        id ${id} PRIMARY KEY,
        account_id ${id} NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        name ${text} NOT NULL,
        kind ${text} NOT NULL,
        sha256 ${text} NOT NULL UNIQUE,
        permissions ${json},
        tenant_id ${id},
        expires_at ${time} NOT NULL,
        last_used_at ${time},
        created_at ${time} NOT NULL
      )${strict}`,
      "CREATE INDEX account_token_account ON account_token (account_id)",
      "CREATE INDEX account_token_end ON account_token (expires_at)",
      `CREATE TABLE access_role (
        id ${id} PRIMARY KEY,
        tenant_id ${id} NOT NULL,
        name ${text} NOT NULL,
        description ${text} NOT NULL,
        permissions ${json} NOT NULL,
        version ${integer} NOT NULL,
        created_at ${time} NOT NULL,
        updated_at ${time} NOT NULL,
        UNIQUE (tenant_id, name)
      )${strict}`,
      `CREATE TABLE role_binding (
        id ${id} PRIMARY KEY,
        tenant_id ${id},
        account_id ${id} REFERENCES account (id) ON DELETE CASCADE,
        directory_group ${text},
        role ${text} NOT NULL,
        scope ${text} NOT NULL,
        scope_id ${text} NOT NULL,
        created_at ${time} NOT NULL
      )${strict}`,
      `CREATE UNIQUE INDEX role_binding_whole ON role_binding
        (COALESCE(account_id, ''), COALESCE(directory_group, ''), COALESCE(tenant_id, ''), scope, scope_id, role)`,
      "CREATE INDEX role_binding_account ON role_binding (account_id)",
      "CREATE INDEX role_binding_group ON role_binding (directory_group)",
      "CREATE INDEX role_binding_tenant ON role_binding (tenant_id, scope, scope_id)",
      `CREATE TABLE access_revision (one ${integer} PRIMARY KEY, revision ${integer} NOT NULL)${strict}`,
      "INSERT INTO access_revision (one, revision) VALUES (1, 0)",
    ],
  },
  {
    // What was started with a token stops when it is revoked, and goes on when it has ended: the two are told apart here.
    name: "0605_revoked_tokens",
    statements: ({ id, time, strict }) => [
      `CREATE TABLE revoked_token (id ${id} PRIMARY KEY, revoked_at ${time} NOT NULL)${strict}`,
    ],
  },
];
