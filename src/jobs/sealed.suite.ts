import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { createRedactor } from "../platform/redaction/index.ts";
import { SECRETS_LOCKED, type Sealer } from "../secrets/index.ts";
import { jobMigrations } from "./index.ts";
import type { Assignment, Executor, JobsParts } from "./index.ts";
import { readerOf } from "./sql.ts";
import { eventually } from "./testing/eventually.ts";
import { createWorld, script, TENANT, type World } from "./testing/world.ts";

const VALUE = "canary-of-a-task";
const HIDE = [{ name: "db", value: Buffer.from(VALUE).toString("base64") }];
const WORKER: Executor = { id: "worker", session: "one", modules: { toy: 10 }, siteIds: "all", tenantId: null };

interface TestSealer extends Pick<Sealer, "seal" | "open"> {
  locked: boolean;
}

/** Seals with a key of the test's own, bound to tenant and context as the real one does. */
function createTestSealer(): TestSealer {
  const key = randomBytes(32);
  const sealer: TestSealer = {
    locked: false,
    async seal(tenantId, bytes, context) {
      refuseLocked();
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(
        Buffer.from(JSON.stringify([tenantId, ...context])),
      );
      const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    async open(tenantId, sealed, context) {
      refuseLocked();
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
      decipher.setAAD(Buffer.from(JSON.stringify([tenantId, ...context]))).setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
    },
  };
  function refuseLocked(): void {
    if (sealer.locked) throw new GantryError(SECRETS_LOCKED, "the master key is not there");
  }
  return sealer;
}

/** Tasks whose parameters hold secrets: what is stored of them, and what is kept of what they say. */
export function sealedSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let sealer: TestSealer;
  beforeEach(async () => {
    database = await open([...eventMigrations, ...jobMigrations]);
    sealer = createTestSealer();
  });

  async function start(more: Partial<JobsParts> = {}): Promise<World> {
    const world = createWorld(database, manualClock(1_000_000), { sealer, ...more });
    world.host.draft = (_, draft) => ({ ...draft, parameters: { password: VALUE }, hide: HIDE, safeToRepeat: true });
    await world.jobs.start();
    return world;
  }

  async function claimed(world: World): Promise<Assignment> {
    let assignments: readonly Assignment[] = [];
    await eventually(async () => {
      assignments = await world.jobs.tasks.claim(WORKER);
      return assignments.length;
    }).toBe(1);
    await world.jobs.tasks.started(WORKER, assignments);
    return assignments[0]!;
  }

  /** Everything in the tables of jobs, tasks and events, as text. */
  async function stored(): Promise<string> {
    const tables = ["job", "job_log", "job_program", "task", "task_output", "task_item", "event"];
    const texts: string[] = [];
    for (const table of tables) {
      const rows = await readerOf(database).rows<Record<string, unknown>>(`SELECT * FROM ${table}`);
      for (const row of rows)
        for (const value of Object.values(row))
          texts.push(value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value));
    }
    return texts.join("\n");
  }

  describe("a task that holds secrets", () => {
    it("is stored sealed, opened for who does it, and forgotten when its job ends", async () => {
      const world = await start();
      const [job] = await world.create(script("toy.add( value=1 )"));
      const assignment = await claimed(world);
      expect(assignment).toMatchObject({ parameters: { password: VALUE }, hide: HIDE });
      expect(assignment).not.toHaveProperty("sealed");
      expect(await stored()).not.toContain(VALUE);
      const sealed = () => readerOf(database).rows("SELECT id FROM task WHERE sealed IS NOT NULL");
      expect(await sealed()).toHaveLength(1);
      await world.jobs.tasks.report(WORKER, { results: [{ ...refOf(assignment), outcome: "done", value: 1 }] });
      await world.reach(job!.id, "done");
      expect(await sealed()).toHaveLength(0);
      await world.close();
    });

    it("keeps what it needs to be taken back until its failed job is done for", async () => {
      const world = await start();
      const { draft } = world.host;
      world.host.draft = (call, one) => ({ ...draft(call, one), undoable: true });
      const [job] = await world.create(script("toy.add( value=1 )"));
      const first = await claimed(world);
      await world.jobs.tasks.report(WORKER, {
        results: [{ ...refOf(first), outcome: "failed", error: { message: "no" } }],
      });
      await world.reach(job!.id, "failed");
      await world.jobs.service.cancel(TENANT, job!.id);
      const undo = await claimed(world);
      expect(undo).toMatchObject({ parameters: { password: VALUE }, hide: HIDE, undo: {} });
      expect(await stored()).not.toContain(VALUE);
      await world.jobs.tasks.report(WORKER, { results: [{ ...refOf(undo), outcome: "done", value: null }] });
      await world.reach(job!.id, "cancelled");
      expect(await readerOf(database).rows("SELECT id FROM task WHERE sealed IS NOT NULL")).toEqual([]);
      await world.close();
    });

    it("keeps its secrets out of output, messages and results, also after a restart of the server", async () => {
      const first = await start();
      const [job] = await first.create(script("toy.add( value=1 )"));
      const assignment = await claimed(first);
      await first.close();
      const redactor = createRedactor();
      const world = await start({ redactor });
      const ref = refOf(assignment);
      const half = VALUE.slice(0, 7);
      await world.jobs.tasks.report(WORKER, {
        output: [
          { ...ref, stream: "stdout", sequence: 0, data: Buffer.from(`before ${half}`) },
          { ...ref, stream: "stderr", sequence: 1, data: Buffer.from("error") },
        ],
      });
      await world.jobs.tasks.report(WORKER, {
        output: [{ ...ref, stream: "stdout", sequence: 2, data: Buffer.from(`${VALUE.slice(7)} then ${half}`) }],
      });
      await world.jobs.tasks.report(WORKER, { messages: [{ ...ref, text: `password is ${VALUE}` }] });
      await world.jobs.tasks.report(WORKER, {
        results: [
          {
            ...ref,
            outcome: "failed",
            error: { message: `wrong: ${VALUE}`, details: { at: Buffer.from(VALUE).toString("hex") } },
          },
        ],
      });
      const failed = await world.reach(job!.id, "failed");
      expect(failed.failure?.message).toBe("toy.add: wrong: [secret db]");
      const pieces = await world.jobs.service.output([{ jobId: job!.id, after: null }], 100);
      const written = pieces.filter((one) => one.stream === "stdout").map((one) => Buffer.from(one.data).toString());
      expect(written.join("")).toBe(`before [secret db] then ${half}`);
      expect(await stored()).not.toContain(VALUE);
      await world.close();
    });

    it("is known to a server whose executor comes from another server", async () => {
      const first = await start();
      await first.create(script("toy.add( value=1 )"));
      const assignment = await claimed(first);
      const redactor = createRedactor();
      sealer.locked = true;
      const second = createWorld(database, manualClock(1_000_000), { sealer, redactor });
      await second.jobs.start();
      expect(redactor.text(VALUE)).toBe(VALUE);
      sealer.locked = false;
      await second.jobs.tasks.reconcile(WORKER, [{ ...refOf(assignment), phase: "started" }]);
      expect(redactor.text(VALUE)).toBe("[secret db]");
      await second.close();
      await first.close();
    });

    it("keeps those of a list sealed, item by item, also in what its items answer", async () => {
      const world = await start();
      world.host.draft = (call, draft) => ({
        ...draft,
        batch: call.batch!.map((one) => ({ ...one, parameters: { password: VALUE, at: one.parameters["value"]! } })),
        shared: { values: { password: VALUE } },
        hide: HIDE,
      });
      const verbs = ["add", "noop", "add"].map((name, value) => ({
        module: "toy",
        function: name,
        parameters: { value },
      }));
      const [job] = await world.create({ kind: "verbs", name: "list", verbs: { verbs } });
      const first = await claimed(world);
      expect(first.batch).toEqual([
        { item: 0, function: "add", parameters: { password: VALUE, at: 0 } },
        { item: 1, function: "noop", parameters: { password: VALUE, at: 1 } },
        { item: 2, function: "add", parameters: { password: VALUE, at: 2 } },
      ]);
      expect(first).toMatchObject({ hide: HIDE, shared: { values: { password: VALUE } } });
      expect(await stored()).not.toContain(VALUE);
      const ref = refOf(first);
      const half = VALUE.slice(0, 7);
      await world.jobs.tasks.report(WORKER, {
        output: [
          { ...ref, stream: "stdout", sequence: 0, data: Buffer.from(`one ${half}`), item: 0 },
          { ...ref, stream: "stdout", sequence: 1, data: Buffer.from(`two ${VALUE}`), item: 1 },
        ],
      });
      await world.jobs.tasks.report(WORKER, {
        items: [{ ...ref, items: [{ item: 0, outcome: "done", value: { changed: true, stdout: VALUE } }] }],
      });
      const items = [{ item: 1, outcome: "failed" as const, error: { message: `wrong: ${VALUE}` } }];
      await world.jobs.tasks.report(WORKER, { results: [{ ...ref, outcome: "failed", items }] });
      await world.reach(job!.id, "failed");
      expect(await stored()).not.toContain(VALUE);
      const pieces = await world.jobs.service.output([{ jobId: job!.id, after: null }], 10);
      expect(pieces.map(({ item, data }) => [item, Buffer.from(data).toString()])).toEqual([
        [0, "one "],
        [0, half],
        [1, "two [secret db]"],
      ]);
      await world.jobs.service.retry(TENANT, job!.id);
      const second = await claimed(world);
      expect(second.batch!.map(({ item, parameters }) => [item, parameters])).toEqual([
        [1, { password: VALUE, at: 1 }],
        [2, { password: VALUE, at: 2 }],
      ]);
      await world.close();
    });

    it("fails its job where secrets are locked, and goes on by a retry", async () => {
      const world = await start();
      sealer.locked = true;
      const [job] = await world.create(script("toy.add( value=1 )"));
      expect((await world.reach(job!.id, "failed")).failure).toMatchObject({ code: "secrets_locked" });
      sealer.locked = false;
      await world.jobs.service.retry(TENANT, job!.id);
      const assignment = await claimed(world);
      expect(assignment.parameters).toEqual({ password: VALUE });
      await world.close();
    });

    it("fails its job where secrets are locked when it is to be given out", async () => {
      const world = await start();
      const [job] = await world.create(script("toy.add( value=1 )"));
      await eventually(async () => (await world.jobs.service.tasks(job!.id, { after: null, limit: 9 })).length).toBe(1);
      sealer.locked = true;
      expect(await world.jobs.tasks.claim(WORKER)).toEqual([]);
      expect((await world.reach(job!.id, "failed")).failure).toMatchObject({ code: "secrets_locked" });
      await world.close();
    });
  });
}

function refOf({ task, attempt }: Assignment): { readonly task: string; readonly attempt: number } {
  return { task, attempt };
}
