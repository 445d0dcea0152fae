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

/** SQLite: SQLITE_ERROR, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE. */
const WRONG: ReadonlySet<unknown> = new Set([1, 18, 20, 25]);

/** Whether a statement, or a value in it, is nothing that the database could ever take: trying again fails in the same way. */
export function isWrongStatement(error: unknown): boolean {
  const code = codeOf(error);
  // PostgreSQL: data exceptions, and syntax errors or access rule violations.
  return WRONG.has(code) || (typeof code === "string" && /^(22|42)[0-9A-Z]{3}$/.test(code));
}

function codeOf(error: unknown): unknown {
  const { errcode, code } = (error ?? {}) as { errcode?: unknown; code?: unknown };
  return errcode ?? code;
}
