export type { BulkInsert, BulkUpdate, ColumnValue } from "./bulk.ts";
export type { ColumnTypes } from "./columns.ts";
export type { Database, Dialect, OpenEmptyDatabase, Queries, Transaction } from "./database.ts";
export { createGroupCommit, type GroupCommit } from "./group-commit.ts";
export { migrate, type Migration, orderMigrations } from "./migrate.ts";
export { openDatabase, type OpenOptions } from "./open.ts";
export type { Tables } from "./tables.ts";
export { afterCommit } from "./transactions.ts";
export { isForeignKeyViolation, isUniqueViolation } from "./violations.ts";
