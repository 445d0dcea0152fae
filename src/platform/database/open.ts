import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Logger } from "../logging/index.ts";
import type { Database } from "./database.ts";
import { DATABASE_URL_UNKNOWN } from "./errors.ts";
import type { Snapshot } from "./snapshot.ts";
import { openSqlite } from "./sqlite/open.ts";
import { openSqliteSnapshot } from "./sqlite/snapshot.ts";

export interface OpenOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** PostgreSQL: connections at the same time. */
  readonly connections?: number;
}

/**
 * Opens `sqlite:/path/file.db`, a plain path (also `:memory:`), or `postgres://user:password@host:port/name`.
 *
 * Errors: `database_url_unknown`, `data_not_writable`, `database_unusable`, `database_unreachable`.
 */
export async function openDatabase(url: string, options: OpenOptions): Promise<Database> {
  const path = sqlitePath(url);
  if (path !== undefined) return openSqlite(path);
  // Loaded only by who has one: most servers keep a file.
  const { openPostgres } = await import("./postgres/open.ts");
  return await openPostgres(url, options);
}

/**
 * All rows of a database as they are at this moment, whatever is written meanwhile. Beside the connections of `openDatabase`.
 *
 * Errors: those of `openDatabase`; `database_in_memory` for `:memory:`, which nobody else can look into.
 */
export async function openSnapshot(url: string): Promise<Snapshot> {
  const path = sqlitePath(url);
  if (path === undefined) return (await import("./postgres/snapshot.ts")).openPostgresSnapshot(url);
  return openSqliteSnapshot(path);
}

/** The path of a SQLite file; undefined: the URL is PostgreSQL's. Errors: `database_url_unknown`. */
export function sqlitePath(url: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || url.startsWith(":")) return url;
  if (scheme === "sqlite") return url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
  if (scheme === "postgres" || scheme === "postgresql") return undefined;
  throw new GantryError(DATABASE_URL_UNKNOWN, `no database is known by ${scheme}:`);
}
