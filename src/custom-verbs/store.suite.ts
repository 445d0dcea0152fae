import { beforeEach, describe, expect, it } from "vitest";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import { verbManifest } from "../verbs/index.ts";
import type { CustomVerb } from "./model.ts";
import { deleteVerb, forgetVerbs, insertVerb, selectProgram, selectVerb, selectVerbs, updateVerb } from "./store.ts";
import { customVerbMigrations } from "./tables.ts";

const verb: CustomVerb = {
  id: "v1",
  tenantId: "t",
  name: "GREET",
  manifest: verbManifest.parse({
    name: "GREET",
    summary: "Greets",
    options: { times: { type: "integer", default: 1 } },
  }),
  file: "greet.mjs",
  kind: "module",
  sha256: "a".repeat(64),
  size: 3,
  version: 1,
  author: "somebody",
  createdAt: 1,
  updatedAt: 1,
};
const program = Uint8Array.of(0, 10, 255);

export function storeSuite(open: OpenEmptyDatabase): void {
  describe("verbs of one's own in the database", () => {
    let database: Database;
    beforeEach(async () => {
      database = await open(customVerbMigrations);
      await database.transaction((tx) => insertVerb(tx, verb, program));
    });

    it("are kept with their files, by name, for their tenant", async () => {
      const other = { ...verb, id: "v2", name: "APPLAUD", manifest: { ...verb.manifest, name: "APPLAUD" } };
      await database.transaction((tx) => insertVerb(tx, other, program));
      expect(await selectVerbs(database.kysely, "t")).toEqual([other, verb]);
      expect(await selectVerbs(database.kysely, "u")).toEqual([]);
      expect(await selectVerb(database.kysely, "t", "GREET")).toEqual(verb);
      expect(await selectVerb(database.kysely, "u", "GREET")).toBeUndefined();
      expect(Uint8Array.from((await selectProgram(database.kysely, "v1"))!)).toEqual(program);
    });

    it("have a name of their own", async () => {
      const again = database.transaction((tx) => insertVerb(tx, { ...verb, id: "v2" }, program));
      await expect(again.catch((error: unknown) => isUniqueViolation(error))).resolves.toBe(true);
    });

    it("are replaced from the version that was read, and from no other", async () => {
      const next = { ...verb, version: 2, file: "greet.ts", size: 1, updatedAt: 2 };
      expect(await database.transaction((tx) => updateVerb(tx, next, Uint8Array.of(1)))).toBe(true);
      expect(await database.transaction((tx) => updateVerb(tx, { ...next, file: "x" }, program))).toBe(false);
      expect(await selectVerb(database.kysely, "t", "GREET")).toEqual(next);
      expect(Uint8Array.from((await selectProgram(database.kysely, "v1"))!)).toEqual(Uint8Array.of(1));
    });

    it("are removed, one or those of a tenant", async () => {
      await database.transaction((tx) => insertVerb(tx, { ...verb, id: "v2", tenantId: "u" }, program));
      await database.transaction((tx) => deleteVerb(tx, "v1"));
      expect(await selectVerbs(database.kysely, "t")).toEqual([]);
      await database.transaction((tx) => forgetVerbs(tx, "u"));
      expect(await selectProgram(database.kysely, "v2")).toBeUndefined();
    });
  });
}
