import type { SQLInputValue } from "node:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { refuseInsideTransaction } from "../transactions.ts";
import { codedError, type SqliteHandle } from "./handle.ts";

/** Kysely over the one connection of `node:sqlite`. Who wants it waits in line. */
export function sqliteDialect(path: string, handle: SqliteHandle): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => sqliteDriver(path, handle),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function sqliteDriver(path: string, handle: SqliteHandle): Driver {
  const connection = sqliteConnection(path, handle);
  const line: (() => void)[] = [];
  let taken = false;

  return {
    init: () => Promise.resolve(),
    acquireConnection() {
      return new Promise((resolve) => {
        refuseInsideTransaction();
        if (taken) return line.push(() => resolve(connection));
        taken = true;
        return resolve(connection);
      });
    },
    releaseConnection() {
      const next = line.shift();
      if (next === undefined) taken = false;
      else next();
      return Promise.resolve();
    },
    beginTransaction: () => attempt(path, () => handle.begin()),
    commitTransaction: () => attempt(path, () => handle.commit()),
    rollbackTransaction: () => attempt(path, () => handle.rollback()),
    destroy: () => attempt(path, () => handle.close()),
  };
}

function sqliteConnection(path: string, handle: SqliteHandle): DatabaseConnection {
  return {
    executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      return attempt(path, () => {
        const { statement, reader } = handle.prepare(query.sql);
        const values = query.parameters as SQLInputValue[];
        if (reader) return { rows: statement.all(...values) as Row[] };
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
      });
    },
    async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
      const { statement } = handle.prepare(query.sql);
      for (const row of statement.iterate(...(query.parameters as SQLInputValue[]))) yield { rows: [row as Row] };
    },
  };
}

function attempt<Result>(path: string, action: () => Result): Promise<Result> {
  try {
    return Promise.resolve(action());
  } catch (error) {
    return Promise.reject(codedError(path, error) as Error);
  }
}
