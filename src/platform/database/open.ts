import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Logger } from "../logging/index.ts";
import type { Database } from "./database.ts";
import { DATABASE_URL_UNKNOWN } from "./errors.ts";
import { openSqlite } from "./sqlite/open.ts";

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
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || url.startsWith(":")) return openSqlite(url);
  if (scheme === "sqlite") return openSqlite(url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, ""));
  if (scheme === "postgres" || scheme === "postgresql") {
    // Loaded only by who has one: most servers keep a file.
    const { openPostgres } = await import("./postgres/open.ts");
    return await openPostgres(url, options);
  }
  throw new GantryError(DATABASE_URL_UNKNOWN, `no database is known by ${scheme}:`);
}
