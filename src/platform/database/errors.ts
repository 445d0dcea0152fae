import { errorKind } from "../../kernel/errors.ts";

export const DATABASE_NEWER = errorKind("database_newer", {
  status: 500,
  summary: "The data belongs to a newer version of Gantry: it has migrations this version does not know.",
  remedy: "Run the version that wrote the data, or a newer one. Nothing was changed.",
});

export const DATA_NOT_WRITABLE = errorKind("data_not_writable", {
  status: 500,
  summary: "The data folder or a file in it cannot be made or written.",
  remedy:
    "Give the server's user the folder and what is in it, free some space, or name another folder with --data or GANTRY_DATA.",
});

export const DATABASE_UNUSABLE = errorKind("database_unusable", {
  status: 500,
  summary: "The file is not a database, is damaged, or is locked by another program.",
  remedy: "End the other program that has it open, or put back the last backup of the file.",
});

export const DATABASE_UNREACHABLE = errorKind("database_unreachable", {
  status: 503,
  summary: "The PostgreSQL server cannot be reached or refuses the connection.",
  remedy: "Check the address, the user and the password in the database's URL, and that the server runs.",
});

export const DATABASE_URL_UNKNOWN = errorKind("database_url_unknown", {
  status: 400,
  summary: "The database's URL is of a kind Gantry does not know.",
  remedy: "Write `sqlite:/path/to/file.db`, a plain path, or `postgres://user@host/name`.",
});

export const DATABASE_IN_MEMORY = errorKind("database_in_memory", {
  status: 409,
  summary: "The server keeps its data in memory alone (`:memory:`), where nothing else can read it.",
  remedy: "Start the server with a database in a file, or with PostgreSQL.",
});
