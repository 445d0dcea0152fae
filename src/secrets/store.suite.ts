import { beforeEach, describe, expect, it } from "vitest";
import { isUniqueViolation, type Database, type OpenEmptyDatabase } from "../platform/database/index.ts";
import { insertDataKey, saveMasterKey } from "./keys-store.ts";
import type { SealedSecret } from "./model.ts";
import {
  countSecrets,
  deleteSecret,
  insertSecret,
  selectNamed,
  selectOlder,
  selectOwners,
  selectSealed,
  selectSecret,
  selectSecrets,
  updateSealed,
  updateSecret,
  type OlderPlace,
} from "./store.ts";
import { secretMigrations } from "./tables.ts";

function secret(name: string, change: Partial<SealedSecret> = {}): SealedSecret {
  return {
    id: `id-${name}`,
    tenantId: "t",
    owner: { kind: "site", id: "s1" },
    name,
    kind: "text",
    size: 3,
    description: "",
    expiresAt: null,
    generation: 1,
    version: 1,
    createdAt: 5,
    updatedAt: 5,
    sealed: Uint8Array.of(1, 2, 3),
    ...change,
  };
}

function shown({ sealed: _sealed, ...rest }: SealedSecret): Omit<SealedSecret, "sealed"> {
  return rest;
}

/** What is kept of secrets, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;

  beforeEach(async () => {
    database = await open(secretMigrations);
    await database.transaction(async (tx) => {
      await saveMasterKey(tx, { id: "m", source: "file:/m", check: Uint8Array.of(1), createdAt: 1 });
      for (const [tenantId, generation] of [
        ["t", 1],
        ["t", 2],
        ["other", 1],
      ] as const)
        await insertDataKey(tx, {
          tenantId,
          generation,
          wrapped: Uint8Array.of(7),
          masterKeyId: "m",
          reserved: 0,
          createdAt: 1,
        });
    });
  });

  const insert = async (...all: readonly SealedSecret[]): Promise<void> => {
    for (const one of all) await insertSecret(database.kysely, one);
  };

  describe("secrets", () => {
    it("are kept whole, and read without their values unless these are asked for", async () => {
      const one = secret("a", { kind: "blob", description: "d", expiresAt: 9, sealed: Uint8Array.of(0, 255, 10) });
      await insert(one);
      expect(await selectSecret(database.kysely, "t", "id-a")).toEqual(shown(one));
      const sealed = await selectSealed(database.kysely, "t", "id-a");
      expect(Buffer.from(sealed!.sealed).equals(one.sealed)).toBe(true);
      expect(shown(sealed!)).toEqual(shown(one));
    });

    it("are those of a tenant alone", async () => {
      await insert(secret("a"), secret("b", { tenantId: "other" }));
      expect(await selectSecret(database.kysely, "t", "id-b")).toBeUndefined();
      expect(await selectSealed(database.kysely, "t", "id-b")).toBeUndefined();
      expect((await selectSecrets(database.kysely, "t", {}, 10)).map(({ name }) => name)).toEqual(["a"]);
      expect(await selectNamed(database.kysely, "t", "b", [{ kind: "site", id: "s1" }])).toEqual([]);
    });

    it("are listed by name and id, page by page, and by owner", async () => {
      const group = { kind: "group", id: "g" } as const;
      await insert(secret("b"), secret("a"), secret("b", { id: "id-b2", owner: group }), secret("Z"));
      const ids = async (...given: [Parameters<typeof selectSecrets>[2], number]): Promise<string[]> =>
        (await selectSecrets(database.kysely, "t", ...given)).map(({ id }) => id);
      expect(await ids({}, 10)).toEqual(["id-Z", "id-a", "id-b", "id-b2"]);
      expect(await ids({}, 2)).toEqual(["id-Z", "id-a"]);
      expect(await ids({ after: { name: "b", id: "id-b" } }, 2)).toEqual(["id-b2"]);
      expect(await ids({ owner: group }, 9)).toEqual(["id-b2"]);
      expect(await ids({ owner: { kind: "site" }, name: "b" }, 9)).toEqual(["id-b"]);
      expect(await selectOwners(database.kysely, "t")).toEqual(
        expect.arrayContaining([group, { kind: "site", id: "s1" }]),
      );
    });

    it("have a name once for each owner", async () => {
      await insert(secret("a"), secret("a", { id: "2", owner: { kind: "group", id: "s1" } }));
      const again = insertSecret(database.kysely, secret("a", { id: "3" }));
      expect(await again.catch((error: unknown) => isUniqueViolation(error))).toBe(true);
    });

    it("are found by name among owners", async () => {
      await insert(secret("a"), secret("a", { id: "2", owner: { kind: "tenant", id: "t" } }), secret("b"));
      const owners = [
        { kind: "structure", id: "x" },
        { kind: "tenant", id: "t" },
      ] as const;
      expect((await selectNamed(database.kysely, "t", "a", owners)).map(({ id }) => id)).toEqual(["2"]);
      expect(await selectNamed(database.kysely, "t", "a", [])).toEqual([]);
    });

    it("change and go only in the version that was read", async () => {
      await insert(secret("a"));
      expect(await updateSecret(database.kysely, secret("a", { version: 2, description: "new" }))).toBe(true);
      expect(await updateSecret(database.kysely, secret("a", { version: 2, description: "late" }))).toBe(false);
      expect(await deleteSecret(database.kysely, { id: "id-a", version: 1 })).toBe(false);
      expect(await deleteSecret(database.kysely, { id: "id-a", version: 2 })).toBe(true);
      expect(await selectSecret(database.kysely, "t", "id-a")).toBeUndefined();
    });
  });

  describe("what an older data key seals", () => {
    it("is counted, and read in pieces of few rows or few bytes", async () => {
      await insert(
        ...["a", "b", "c"].map((name) => secret(name, { size: 100 })),
        secret("d", { generation: 2 }),
        secret("e", { tenantId: "other" }),
      );
      expect(await countSecrets(database.kysely, "t", 2)).toEqual({ all: 4, older: 3 });
      const ids = async (rows: number, bytes: number, after?: OlderPlace): Promise<string[]> =>
        (await selectOlder(database.kysely, { tenantId: "t", generation: 2, after }, { rows, bytes })).map(
          ({ id }) => id,
        );
      expect(await ids(10, 1000)).toEqual(["id-a", "id-b", "id-c"]);
      expect(await ids(2, 1000)).toEqual(["id-a", "id-b"]);
      expect(await ids(10, 250)).toEqual(["id-a", "id-b"]);
      expect(await ids(10, 1)).toEqual(["id-a"]);
      expect(await ids(10, 1000, { generation: 1, id: "id-a" })).toEqual(["id-b", "id-c"]);
      expect(await ids(10, 1000, { generation: 1, id: "id-c" })).toEqual([]);
      expect(await ids(10, 1000, { generation: 0, id: "id-z" })).toEqual(["id-a", "id-b", "id-c"]);
    });

    it("is sealed anew, but not over what somebody wrote meanwhile", async () => {
      await insert(secret("a"), secret("b"), secret("c"));
      await updateSecret(database.kysely, secret("b", { version: 2, sealed: Uint8Array.of(9) }));
      const anew = ["a", "b", "c"].map((name) => secret(name, { generation: 2, sealed: Uint8Array.of(2) }));
      await deleteSecret(database.kysely, { id: "id-c", version: 1 });
      expect(await database.transaction((tx) => updateSealed(database, tx, anew, [1, 1, 1]))).toBe(1);
      const [a, b] = await Promise.all(["id-a", "id-b"].map((id) => selectSealed(database.kysely, "t", id)));
      expect([a!.generation, [...a!.sealed], a!.version]).toEqual([2, [2], 1]);
      expect([b!.generation, [...b!.sealed], b!.version]).toEqual([1, [9], 2]);
    });
  });
}
