import { CompiledQuery, sql } from "kysely";
import type { Dialect, Transaction } from "./database.ts";
import { CATALOGUE, type CatalogueRow, shapesOf, type TableShape } from "./snapshot.ts";
import { quoted } from "./text.ts";

/** What fills a whole database from elsewhere. */

/** Every table of the program, by name. */
export async function tablesOf(tx: Transaction, dialect: Dialect): Promise<readonly TableShape[]> {
  const answer = await tx.executeQuery<CatalogueRow>(CompiledQuery.raw(CATALOGUE[dialect]));
  return shapesOf(answer.rows);
}

/**
 * From here on rows may refer to rows that come later. The function that is returned looks at all of them, and fails where one is missing;
 * on SQLite the commit does.
 */
export async function suspendReferences(tx: Transaction, dialect: Dialect): Promise<() => Promise<void>> {
  if (dialect === "sqlite") {
    await sql`pragma defer_foreign_keys = on`.execute(tx);
    return async () => {};
  }
  const { rows } = await sql<{ table: string; name: string; definition: string }>`
    select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`.execute(tx);
  for (const { table, name } of rows) await sql.raw(`alter table ${table} drop constraint ${quoted(name)}`).execute(tx);
  return async () => {
    for (const { table, name, definition } of rows)
      await sql.raw(`alter table ${table} add constraint ${quoted(name)} ${definition}`).execute(tx);
  };
}

/** Removes every row, also those that migrations wrote, and those that triggers keep from being removed. */
export async function clearTables(tx: Transaction, dialect: Dialect, tables: readonly TableShape[]): Promise<void> {
  const restore = await suspendTriggers(tx, dialect);
  for (const { name } of tables) await sql`delete from ${sql.table(name)}`.execute(tx);
  await restore();
}

/** No trigger of the program fires until the function that is returned was called. */
async function suspendTriggers(tx: Transaction, dialect: Dialect): Promise<() => Promise<void>> {
  if (dialect === "sqlite") {
    const { rows } = await sql<{ name: string; definition: string }>`
      select name, sql as definition from sqlite_schema where type = 'trigger'`.execute(tx);
    for (const { name } of rows) await sql.raw(`drop trigger ${quoted(name)}`).execute(tx);
    return async () => {
      for (const { definition } of rows) await sql.raw(definition).execute(tx);
    };
  }
  const { rows } = await sql<{ table: string }>`
    select distinct tgrelid::regclass::text as table from pg_trigger join pg_class as c on c.oid = tgrelid
    where not tgisinternal and c.relnamespace = current_schema()::regnamespace`.execute(tx);
  for (const { table } of rows) await sql.raw(`alter table ${table} disable trigger user`).execute(tx);
  return async () => {
    for (const { table } of rows) await sql.raw(`alter table ${table} enable trigger user`).execute(tx);
  };
}

/** The next number the database counts is above `last`. */
export async function loadSequence(
  tx: Transaction,
  dialect: Dialect,
  { name, counted }: TableShape,
  last: number,
): Promise<void> {
  if (counted === null) return;
  if (dialect === "postgres") {
    await sql`select setval(pg_get_serial_sequence(${quoted(name)}, ${counted})::regclass, ${last}::bigint)`.execute(
      tx,
    );
    return;
  }
  await sql`delete from sqlite_sequence where name = ${name}`.execute(tx);
  await sql`insert into sqlite_sequence (name, seq) values (${name}, ${last})`.execute(tx);
}
