import { sql } from "kysely";
import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { errorKind, GantryError } from "../kernel/errors.ts";
import { RUN_STANDS } from "./errors.ts";
import { lastingError } from "./lasting.ts";

it("what another attempt would meet again ends a run; what passes does not", async () => {
  expect(lastingError(new GantryError(RUN_STANDS, "it stands"))).toEqual({ code: "run_stands", message: "it stands" });
  expect(lastingError(new TypeError("no"))).toMatchObject({ code: "run_broken" });
  const database = await openSqlite([]);
  const wrong: unknown = await sql`select nothing`.execute(database.kysely).catch((error: unknown) => error);
  expect(lastingError(wrong)).toMatchObject({ code: "run_broken" });
  expect(lastingError(Object.assign(new Error("a bigint is no text"), { code: "42804" }))).toBeDefined();
  const away = errorKind("test_away", { status: 503, summary: "It is away.", remedy: "Wait." });
  expect(lastingError(new GantryError(away, "it is away"))).toBeUndefined();
  expect(lastingError(Object.assign(new Error("deadlock"), { code: "40P01" }))).toBeUndefined();
  expect(lastingError(Object.assign(new Error("busy"), { errcode: 5 }))).toBeUndefined();
  expect(lastingError(new Error("Connection terminated unexpectedly"))).toBeUndefined();
});
