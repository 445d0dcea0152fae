import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import type { Json } from "../kernel/json.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { holdInventory } from "./allocation-store.ts";
import { KEPT_FOR, once, requestHash } from "./idempotency-store.ts";
import { inventoryMigrations } from "./tables.ts";

const tenant = DEFAULT_TENANT.id;

/** Requests that come twice, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let done: number;
  beforeEach(async () => {
    database = await open(inventoryMigrations);
    done = 0;
  });

  function ask(key: string | undefined, hash: string, now = 0, by = "eve"): Promise<Json> {
    return database.transaction(async (tx) => {
      await holdInventory(tx, tenant);
      return once(tx, tenant, key === undefined ? undefined : { key, by, hash }, now, () => {
        done += 1;
        return Promise.resolve({ done });
      });
    });
  }

  describe("a request with a key", () => {
    it("is done once, also when it comes many times at once", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask("k", "a")));
      expect([done, answers]).toEqual([1, Array.from({ length: 8 }, () => ({ done: 1 }))]);
      expect(await ask("other", "a")).toEqual({ done: 2 });
      expect(await ask(undefined, "a")).toEqual({ done: 3 });
    });

    it("is refused when it is another one than before", async () => {
      await ask("k", "a");
      await expect(ask("k", "b")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    });

    it("is somebody's own: nobody else is answered what he was", async () => {
      expect(await ask("k", "a")).toEqual({ done: 1 });
      expect(await ask("k", "a", 0, "adam")).toEqual({ done: 2 });
      expect(await ask("k", "b", 0, "ada")).toEqual({ done: 3 });
    });

    it("is forgotten after a day", async () => {
      await ask("k", "a", 1000);
      expect(await ask("k", "a", 1000 + KEPT_FOR)).toEqual({ done: 1 });
      expect(await ask("k", "b", 1001 + KEPT_FOR)).toEqual({ done: 2 });
    });

    it("that failed was not done, and is done when it comes again", async () => {
      const failed = database.transaction((tx) =>
        once(tx, tenant, { key: "k", by: "eve", hash: "a" }, 0, () => Promise.reject(new Error("no"))),
      );
      await expect(failed).rejects.toThrow("no");
      expect(await ask("k", "a")).toEqual({ done: 1 });
    });
  });

  it("tells requests apart by all their parts", () => {
    const hashes = [
      ["a", "b"],
      ["ab", ""],
      ["", "ab"],
      ["a", "b", ""],
    ].map(requestHash);
    expect(new Set(hashes).size).toBe(4);
  });
}
