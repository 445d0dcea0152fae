/** SQLite: SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY. PostgreSQL: unique_violation. */
const UNIQUE: ReadonlySet<unknown> = new Set([2067, 1555, "23505"]);
/** SQLite: SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_TRIGGER (a `restrict`). PostgreSQL: foreign_key_violation, restrict_violation. */
const FOREIGN: ReadonlySet<unknown> = new Set([787, 1811, "23503", "23001"]);

/** Whether a statement failed because a row with the same unique key exists. On PostgreSQL its transaction is then lost. */
export function isUniqueViolation(error: unknown): boolean {
  return UNIQUE.has(codeOf(error));
}

/** Whether a statement failed because a row refers to one that does not exist, or would after it. */
export function isForeignKeyViolation(error: unknown): boolean {
  return FOREIGN.has(codeOf(error));
}

function codeOf(error: unknown): unknown {
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  return errcode ?? code;
}
