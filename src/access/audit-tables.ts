import type { Dialect, Migration } from "../platform/database/index.ts";

interface AuditEntriesTable {
  chain: string;
  seq: number;
  time: number;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  token_id: string | null;
  action: string;
  subject_kind: string;
  subject_id: string | null;
  subject_name: string;
  data: string;
  prev: string;
  hash: string;
}

/** Where each chain ends. Who appends holds its row, so that two never get the same number. */
interface AuditHeadTable {
  chain: string;
  seq: number;
  time: number;
  hash: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    audit_entries: AuditEntriesTable;
    audit_head: AuditHeadTable;
  }
}

/** History of the inventory is kept from this migration on. */
export const AUDIT_MIGRATION = "0650_audit";

export const auditMigrations: readonly Migration[] = [
  {
    name: AUDIT_MIGRATION,
    statements: ({ dialect, id, text, json, time, integer, strict }) => [
      `CREATE TABLE audit_entries (
        chain ${id} NOT NULL,
        seq ${integer} NOT NULL,
        time ${time} NOT NULL,
        actor_kind ${text} NOT NULL,
        actor_id ${id},
        actor_name ${text} NOT NULL,
        token_id ${id},
        action ${text} NOT NULL,
        subject_kind ${text} NOT NULL,
        subject_id ${text},
        subject_name ${text} NOT NULL,
        data ${json} NOT NULL,
        prev ${text} NOT NULL,
        hash ${text} NOT NULL,
        PRIMARY KEY (chain, seq)
      )${strict}`,
      `CREATE INDEX audit_entries_subject ON audit_entries (subject_id, seq)`,
      `CREATE INDEX audit_entries_name ON audit_entries (subject_name, seq)`,
      `CREATE TABLE audit_head (
        chain ${id} PRIMARY KEY,
        seq ${integer} NOT NULL,
        time ${time} NOT NULL,
        hash ${text} NOT NULL
      )${strict}`,
      ...keptAsWritten(dialect),
    ],
  },
];

/** Entries are added, and neither changed nor removed: the database refuses it, whoever asks. */
function keptAsWritten(dialect: Dialect): readonly string[] {
  const message = "entries of the audit are neither changed nor removed";
  if (dialect === "sqlite") {
    return (["update", "delete"] as const).map(
      (event) => `CREATE TRIGGER audit_entries_no_${event} BEFORE ${event.toUpperCase()} ON audit_entries
        BEGIN SELECT RAISE(ABORT, '${message}'); END`,
    );
  }
  return [
    `CREATE FUNCTION audit_entries_kept() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION '${message}'; END $$`,
    `CREATE TRIGGER audit_entries_kept BEFORE UPDATE OR DELETE ON audit_entries
      FOR EACH ROW EXECUTE FUNCTION audit_entries_kept()`,
    `CREATE TRIGGER audit_entries_not_emptied BEFORE TRUNCATE ON audit_entries
      FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_kept()`,
  ];
}
