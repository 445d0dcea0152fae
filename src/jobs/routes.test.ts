import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { NOWHERE } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { createHttpServer } from "../platform/http/index.ts";
import type { App } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { jobMigrations, jobRoutes } from "./index.ts";
import { startExecutor, TestFailure } from "./testing/executor.ts";
import { createWorld, script, TENANT } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

let world: World;
let app: App;

beforeEach(async () => {
  world = createWorld(await openSqlite([...eventMigrations, ...jobMigrations]), manualClock(1_000));
  await world.jobs.start();
  onTestFinished(() => world.close());
  const server = await createHttpServer({
    log: silentLogger(),
    version: "0",
    authenticate: () => ({ ...ADMINISTRATOR, tenantId: TENANT }),
    ready: async () => true,
    metrics: async () => "",
  });
  onTestFinished(() => server.close());
  app = server.app;
  jobRoutes(
    app,
    world.jobs.service,
    { of: async (_tenant, targets) => targets.map(() => NOWHERE) },
    { now: () => 1_000 },
  );
});

async function answer(method: "GET" | "POST", url: string, payload?: object) {
  const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() };
}

describe("/v1/jobs", () => {
  it("lists newest first, page by page, by state, target and run", async () => {
    const jobs = await world.create(script("aa = 1"), 3);
    const waiting = (await world.create(script("delay( hours=1 )")))[0]!;
    for (const { id } of jobs) await world.reach(id, "done");
    await world.reach(waiting.id, "waiting");
    const first = await answer("GET", "/v1/jobs?limit=3");
    expect(first.body.items.map((one: { id: string }) => one.id)).toEqual([waiting.id, jobs[2]!.id, jobs[1]!.id]);
    const second = await answer("GET", `/v1/jobs?limit=3&cursor=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ id: jobs[0]!.id }], next: null });
    expect((await answer("GET", "/v1/jobs?status=waiting")).body.items).toHaveLength(1);
    expect((await answer("GET", "/v1/jobs?run=none")).body.items).toEqual([]);
    expect((await answer("GET", "/v1/jobs?status=asleep")).status).toBe(400);
  });

  it("shows a failed job with its reason, its log, its tasks and what they wrote", async () => {
    const toy = startExecutor({
      tasks: world.jobs.tasks,
      functions: {
        fail: async (_, { assignment }) => {
          const data = Buffer.from("\xff broken\n", "latin1");
          await world.jobs.tasks.report(toy.identity, {
            output: [{ task: assignment.task, attempt: 1, stream: "stderr", sequence: 0, data }],
          });
          throw new TestFailure("exit code 1");
        },
      },
    });
    onTestFinished(() => toy.stop());
    const { id } = (await world.create(script("toy.fail()")))[0]!;
    await world.reach(id, "failed");
    const shown = await answer("GET", `/v1/jobs/${id}`);
    expect(shown).toMatchObject({
      status: 200,
      body: {
        id,
        status: "failed",
        actions: ["retry", "cancel", "rollback", "jump"],
        failure: { message: "toy.fail: exit code 1", line: 1, call: "toy.fail" },
        program: { name: "test.t" },
      },
    });
    const log = await answer("GET", `/v1/jobs/${id}/log?cursor=1&limit=2`);
    expect(log.body).toMatchObject({
      items: [
        { sequence: 2, kind: "started" },
        { sequence: 3, kind: "call", line: 1 },
      ],
      next: "3",
    });
    const output = await answer("GET", `/v1/jobs/${id}/output`);
    expect(Buffer.from(output.body.items[0].data, "base64").toString("latin1")).toBe("\xff broken\n");
    expect((await answer("GET", `/v1/jobs/${id}/output?cursor=${output.body.next}`)).body).toEqual({
      items: [],
      next: null,
    });
    const tasks = await answer("GET", `/v1/jobs/${id}/tasks`);
    expect(tasks.body.items).toMatchObject([{ status: "failed", error: { message: "exit code 1" } }]);
  });

  it("does what it is asked, or says why not", async () => {
    const { id } = (await world.create(script("delay( hours=1 )")))[0]!;
    await world.reach(id, "waiting");
    expect((await answer("POST", `/v1/jobs/${id}/pause`)).body).toMatchObject({ id, wish: "pause" });
    await world.reach(id, "paused");
    expect((await answer("POST", `/v1/jobs/${id}/retry`)).body).toMatchObject({
      status: 409,
      code: "job_action_not_allowed",
    });
    expect((await answer("POST", `/v1/jobs/${id}/resume`)).status).toBe(200);
    expect((await answer("POST", `/v1/jobs/${id}/cancel`)).status).toBe(200);
    await world.reach(id, "cancelled");
  });

  it("rolls back and jumps, or says what there is to jump to", async () => {
    const { id } = (await world.create(script('pause( msg="look" )\n:behind\naa = 1')))[0]!;
    await world.reach(id, "paused");
    expect((await answer("POST", `/v1/jobs/${id}/rollback`)).body).toMatchObject({
      status: 409,
      code: "job_nothing_to_roll_back",
    });
    expect((await answer("POST", `/v1/jobs/${id}/jump`, { label: "behnd" })).body).toMatchObject({
      status: 422,
      code: "tscript_unknown_label",
      detail: 'the script has no label "behnd"; there are: behind',
    });
    expect((await answer("POST", `/v1/jobs/${id}/jump`, {})).status).toBe(400);
    expect((await answer("POST", `/v1/jobs/${id}/jump`, { label: "behind" })).status).toBe(200);
    await world.reach(id, "done");
  });

  it("knows only what is there", async () => {
    for (const path of ["", "/log", "/output", "/tasks"]) {
      expect((await answer("GET", `/v1/jobs/none${path}`)).body).toMatchObject({ status: 404, code: "job_not_found" });
    }
    const { id } = (await world.create(script("aa = 1")))[0]!;
    expect((await answer("GET", `/v1/jobs/${id}/output?cursor=x`)).body).toMatchObject({
      status: 400,
      code: "job_position_invalid",
    });
  });
});
