import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventually } from "../jobs/testing/eventually.ts";
import { selectRun } from "./store.ts";
import { openRunWorld, RUN_MIGRATIONS, type RunWorld, type RunWorldOptions } from "./testing.ts";

const QUIET = { echo: () => ({ changed: false }) };

export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  beforeEach(async () => {
    database = await open(RUN_MIGRATIONS);
  });

  /** With a coordinator that works. */
  async function world(options: Partial<RunWorldOptions> = {}): Promise<RunWorld> {
    const made = await openRunWorld(database, { verbs: QUIET, ...options });
    onTestFinished(() => made.close());
    made.coordinator.start();
    return made;
  }

  describe("what a QUERY found", () => {
    it("is given to every node", async () => {
      const given: unknown[] = [];
      const { begin, ended } = await world({
        verbs: {
          ...QUIET,
          query: (node) => ({ changed: false, values: node === "none" ? {} : { port: node.length } }),
          arg(_node, parameters) {
            given.push(parameters);
            return { changed: true };
          },
        },
        nodes: ["a", "bb", "none"],
      });
      const { run } = await begin(["QUERY port", "ECHO"]);
      expect((await ended(run.id)).run.status).toBe("done");
      const found = { name: "query", value: { a: { port: 1 }, bb: { port: 2 } } };
      expect(given).toEqual([found, found, found]);
    });

    it("ends the run when it is more than a node can be given, and says what it was", async () => {
      const values = { motd: "é".repeat(150_000) };
      const { begin, ended } = await world({ verbs: { ...QUIET, query: () => ({ changed: false, values }) } });
      const { run } = await begin(["QUERY motd", "ECHO"]);
      const { run: after, jobs } = await ended(run.id);
      expect(after).toMatchObject({
        status: "failed",
        error: {
          code: "query_too_large",
          message: expect.stringMatching(/^QUERY motd found 6000\d\d bytes on 2 nodes; 524288 are the most/) as string,
        },
      });
      expect(jobs.map(({ state }) => state)).toEqual(["done", "done", "skipped", "skipped"]);
    });
  });

  it("a run that can never go on ends, instead of being tried for ever", async () => {
    const before = await openRunWorld(database, { verbs: QUIET });
    const { run } = await before.begin(["ECHO"]);
    await before.close();
    // What another version wrote, say.
    await database.kysely.updateTable("run").set({ definition: "{}" }).execute();
    await world();
    await eventually(async () => (await selectRun(database.kysely, run.tenantId, run.id))?.status).toBe("failed");
    expect(await selectRun(database.kysely, run.tenantId, run.id)).toMatchObject({ error: { code: "run_broken" } });
  });
}
