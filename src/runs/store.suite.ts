import { sql } from "kysely";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { DEFAULT_TENANT, NOWHERE, rightsIn, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { systemRandom } from "../kernel/ids.ts";
import { eventually } from "../jobs/testing/eventually.ts";
import type { FollowedLine } from "./service.ts";
import { insertRun, selectRun } from "./store.ts";
import { openRunWorld, RUN_MIGRATIONS, type RunWorld, type RunWorldOptions } from "./testing.ts";

const tenantId = DEFAULT_TENANT.id;
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

  it("a run is told to its end, which is the last line, whenever one begins to listen", async () => {
    const made = await openRunWorld(database, {
      verbs: {
        ...QUIET,
        fail() {
          throw new Error("no");
        },
      },
    });
    onTestFinished(() => made.close());
    const { run } = await made.begin(["ECHO", "FAIL"]);
    async function told(): Promise<readonly FollowedLine[]> {
      const lines: FollowedLine[] = [];
      const follow = await made.runs.follow(ADMINISTRATOR, run.id);
      for await (const line of follow(new AbortController().signal)) lines.push(line);
      return lines;
    }
    const live = told();
    made.coordinator.start();
    for (const lines of [await live, await told()]) {
      const ends = lines.flatMap((line) => (line.kind === "ended" ? [`${line.node} ${line.state}`] : []));
      expect(ends.toSorted()).toEqual(["a failed", "b failed"]);
      expect(lines.at(-2)).toEqual({ kind: "progress", done: 4, total: 4 });
      expect(lines.at(-1)).toMatchObject({ kind: "run", view: { run: { id: run.id, status: "failed" } } });
    }
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

  describe("the list of runs", () => {
    it("looks at no more runs and nodes for a page than it may, of those somebody may see a part of", async () => {
      const place = (name: string) => ({ ...NOWHERE, sites: name === "mine" ? ["plant"] : [] });
      const { begin, runs } = await world({ nodes: ["mine", "other"], place });
      const scope = { kind: "site", tenantId, id: "plant" } as const;
      const rights = rightsIn([{ permissions: ["run.read"], scope }], tenantId)!;
      const paul: Principal = { ...ADMINISTRATOR, kind: "person", name: "paul", accountId: "p", rights };
      const old = await begin(["ECHO"]);
      await begin(["ECHO"], { targets: ["other"] });
      const nodes = Array.from({ length: 10_000 }, (_, number) => ({ agentId: `x${number}`, name: `x${number}` }));
      for (let count = 0; count < 2; count += 1) {
        const run = { ...old.run, id: systemRandom.id(), nodes: nodes.length };
        const made = { run, definition: old.definition, entries: [], stages: [], nodes };
        await database.transaction((tx) => insertRun(database, tx, made));
      }
      const page = await runs.list(paul, { before: null, limit: 10 });
      expect(page.items).toEqual([]);
      const rest = await runs.list(paul, { before: page.next, limit: 10 });
      expect([rest.items.map(({ id }) => id), rest.next]).toEqual([[old.run.id], null]);
      expect((await runs.list(ADMINISTRATOR, { before: null, limit: 10 })).items).toHaveLength(4);
    });
  });

  describe("a run that is removed", () => {
    const TABLES = ["run", "run_entry", "run_stage", "run_node", "run_job", "job", "task", "task_item"] as const;

    async function rows(): Promise<readonly number[]> {
      const counts = TABLES.map((table) =>
        sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(database.kysely),
      );
      return (await Promise.all(counts)).map((found) => Number(found.rows[0]!.count));
    }
    const none = TABLES.map(() => 0);

    it("leaves nothing, and is not removed while it runs", async () => {
      const made = await openRunWorld(database, { verbs: QUIET });
      onTestFinished(() => made.close());
      const { runs, begin, ended, coordinator } = made;
      const { run } = await begin(["ECHO one", "ECHO two"]);
      await expect(runs.remove(ADMINISTRATOR, run.id)).rejects.toMatchObject({ code: "run_stands" });
      coordinator.start();
      await ended(run.id);
      expect(await rows()).toEqual([1, 1, 1, 2, 2, 2, 2, 4]);
      await runs.remove(ADMINISTRATOR, run.id);
      expect(await rows()).toEqual(none);
      await expect(runs.get(ADMINISTRATOR, run.id)).rejects.toMatchObject({ code: "run_unknown" });
    });

    it("for its age goes alone: what ended later, and what runs, stays", async () => {
      const { begin, ended, coordinator } = await world();
      const [first, second] = [await begin(["ECHO"]), await begin(["ECHO"])];
      const { run } = await ended(first.run.id);
      const after = await ended(second.run.id);
      await database.kysely.updateTable("run").set({ finished_at: 1000 }).where("id", "=", run.id).execute();
      await coordinator.prune(1001);
      expect(await selectRun(database.kysely, tenantId, run.id)).toBeUndefined();
      expect(await selectRun(database.kysely, tenantId, after.run.id)).toMatchObject({ status: "done" });
      expect((await rows()).slice(0, 5)).toEqual([1, 1, 1, 2, 2]);
    });
  });
}
