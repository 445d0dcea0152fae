import { beforeEach, describe, expect, it } from "vitest";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createForemanStore, migrations, type ForemanStore } from "./store.ts";

/** What the foreman keeps of jobs, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: ForemanStore;
  beforeEach(async () => {
    database = await open(migrations);
    store = createForemanStore(database);
  });

  describe("what scripts did", () => {
    it("is kept once for each thing, and forgotten when it is taken", async () => {
      for (const wish of ["started", "stopped"] as const) await store.keepService("job1", "web", wish);
      await store.keepService("job2", "web", "started");
      for (const hash of ["a", "b"]) await store.keepQuestion("job1", { question: { blueprint: "web" }, hash });
      await database.transaction(async (tx) => {
        for (const name of ["port", "level", "port"]) await store.keepConfig(tx, "job1", name);
        await store.keepConfig(tx, "job2", "other");
      });
      const taken = await database.transaction(async (tx) => ({
        services: await store.takeServices(tx, "job1"),
        questions: await store.takeQuestions(tx, "job1"),
        config: await store.takeConfig(tx, "job1"),
      }));
      expect(taken.services).toEqual(new Map([["web", "stopped"]]));
      expect(taken.questions).toEqual([{ question: { blueprint: "web" }, hash: "b" }]);
      expect(taken.config).toEqual(["level", "port"]);
      const again = await database.transaction(async (tx) => [
        await store.takeConfig(tx, "job1"),
        await store.takeConfig(tx, "job2"),
        (await store.takeServices(tx, "job2")).size,
      ]);
      expect(again).toEqual([[], ["other"], 1]);
    });
  });
}
