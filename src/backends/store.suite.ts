import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { inventoryMigrations } from "../inventory/index.ts";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Backend } from "./model.ts";
import { deleteBackend, insertBackend, saveNames, selectBackends, selectNames, updateBackend } from "./store.ts";
import { backendMigrations } from "./tables.ts";

function backend(name: string, change: Partial<Backend> = {}): Backend {
  return {
    id: `id-${name}`,
    tenantId: DEFAULT_TENANT.id,
    name,
    kind: "files",
    site: `site-${name}`,
    settings: { folder: "/srv", every: 60 },
    version: 1,
    createdAt: 1,
    updatedAt: 1,
    ...change,
  };
}

/** Where backends are kept, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open([...inventoryMigrations, ...backendMigrations]);
  });

  describe("backends", () => {
    it("are kept in the order of their names", async () => {
      for (const name of ["b", "a"]) await insertBackend(database.kysely, backend(name));
      expect(await selectBackends(database.kysely)).toEqual([backend("a"), backend("b")]);
    });

    it("keep what they last held, until they go", async () => {
      await insertBackend(database.kysely, backend("a"));
      const rows = { backend: "a", site: "site-a", rows: { sites: [] } };
      await saveNames(database.kysely, "id-a", { ...rows, site: "other" });
      await saveNames(database.kysely, "id-a", rows);
      expect(await selectNames(database.kysely)).toEqual(new Map([["id-a", rows]]));
      await deleteBackend(database.kysely, "id-a", 1);
      expect(await selectNames(database.kysely)).toEqual(new Map());
    });

    it("have a name once, and a site once", async () => {
      await insertBackend(database.kysely, backend("a"));
      for (const other of [backend("a", { id: "x", site: "x" }), backend("x", { site: "site-a" })]) {
        const again = insertBackend(database.kysely, other);
        expect(await again.catch((error: unknown) => isUniqueViolation(error))).toBe(true);
      }
    });

    it("change and go only in the version that was read", async () => {
      await insertBackend(database.kysely, backend("a"));
      expect(await updateBackend(database.kysely, backend("a", { site: "x", version: 2 }))).toBe(true);
      expect(await updateBackend(database.kysely, backend("a", { site: "y", version: 2 }))).toBe(false);
      expect(await deleteBackend(database.kysely, "id-a", 1)).toBe(false);
      expect((await selectBackends(database.kysely)).map(({ site }) => site)).toEqual(["x"]);
      expect(await deleteBackend(database.kysely, "id-a", 2)).toBe(true);
      expect(await selectBackends(database.kysely)).toEqual([]);
    });
  });
}
