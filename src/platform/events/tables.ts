import type { ColumnTypes, Migration } from "../database/index.ts";

interface EventTable {
  /** Grows in the order of insertion, which on PostgreSQL is not the order of commits. */
  sequence: number;
  /** PostgreSQL: the transaction that wrote the row. SQLite has one writer: 0. Set by the database. */
  transaction_id: number;
  id: string;
  tenant_id: string;
  at: number;
  type: string;
  subject_kind: string;
  subject_id: string;
  data: string;
}

/** One row: the last place of which nothing up to it is kept. */
interface EventFloorTable {
  transaction_id: number;
  sequence: number;
}

declare module "../database/tables.ts" {
  interface Tables {
    event: EventTable;
    event_floor: EventFloorTable;
  }
}

export const eventMigrations: readonly Migration[] = [{ name: "0101_events", statements: eventTables }];

function eventTables({ dialect, id, text, json, time, integer, sequence, strict }: ColumnTypes): readonly string[] {
  const writer = dialect === "postgres" ? "(pg_current_xact_id()::text::bigint)" : "0";
  return [
    `create table event (
      sequence ${sequence},
      transaction_id ${integer} not null default ${writer},
      id ${id} not null,
      tenant_id ${id} not null,
      at ${time} not null,
      type ${text} not null,
      subject_kind ${text} not null,
      subject_id ${id} not null,
      data ${json} not null
    )${strict}`,
    "create index event_order on event (transaction_id, sequence)",
    "create unique index event_id on event (id)",
    "create index event_subject on event (subject_id, transaction_id, sequence)",
    `create table event_floor (transaction_id ${integer} not null, sequence ${integer} not null)${strict}`,
    "insert into event_floor (transaction_id, sequence) values (0, 0)",
  ];
}
