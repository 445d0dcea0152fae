import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { NOWHERE, rightsIn, type Permission, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { createSeenJobs, jobMigrations, type Job, type SeenJobs } from "./index.ts";
import { createWorld, script, TENANT, type World } from "./testing/world.ts";

let world: World;
let seen: SeenJobs;

beforeEach(async () => {
  world = createWorld(await openSqlite([...eventMigrations, ...jobMigrations]), manualClock(1_000));
  onTestFinished(() => world.close());
  // A target is at the site that it is called by.
  seen = createSeenJobs(world.jobs.service, {
    of: async (_tenant, targets) => targets.map(({ name }) => ({ ...NOWHERE, sites: [name] })),
  });
});

function someone(permissions: readonly Permission[]): Principal {
  const rights = rightsIn([{ permissions, scope: { kind: "site", tenantId: TENANT, id: "plant" } }], TENANT)!;
  return { ...ADMINISTRATOR, kind: "person", name: "paul", accountId: "p", tenantId: TENANT, rights };
}

function make(...sites: readonly string[]): Promise<readonly Job[]> {
  const drafts = sites.map((name) => ({
    tenantId: TENANT,
    host: "test",
    program: script("delay( hours=1 )"),
    target: { kind: "structure", id: name, name } as const,
  }));
  return world.database.transaction((tx) => world.jobs.service.create(tx, drafts));
}

async function failure(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  const error = (await work.then(
    () => new Error("it was let through"),
    (thrown: unknown) => thrown,
  )) as Error & { readonly code?: string };
  return { code: error.code ?? "", message: error.message };
}

describe("who has rights at one site", () => {
  it("sees the jobs there alone, in full pages", async () => {
    const jobs = await make(...Array.from({ length: 1200 }, (_, index) => (index % 400 === 0 ? "plant" : "lab")));
    const paul = someone(["job.read"]);
    const own = jobs.filter((job) => job.target.name === "plant").map(({ id }) => id);
    const first = await seen.list(paul, {}, { before: null, limit: 2 });
    const second = await seen.list(paul, {}, { before: first.at(-1)!.id, limit: 2 });
    expect([...first, ...second].map(({ id }) => id)).toEqual(own.reverse());
    expect(second).toHaveLength(1);
    const whole = { ...ADMINISTRATOR, tenantId: TENANT };
    expect(await seen.list(whole, {}, { before: null, limit: 500 })).toHaveLength(500);
  });

  it("meets a hidden job as one that does not exist, whatever is asked of it", async () => {
    const [own, hidden] = await make("plant", "lab");
    const paul = someone(["job.read", "job.control"]);
    expect((await seen.get(paul, own!.id)).id).toBe(own!.id);
    const missing = await failure(seen.get(paul, "nothing"));
    expect(missing.code).toBe("job_not_found");
    const hiddenId = hidden!.id;
    for (const refused of [seen.get(paul, hiddenId), seen.act(paul, hiddenId, "cancel")])
      expect(await failure(refused)).toEqual({
        ...missing,
        message: missing.message.replace("nothing", hiddenId),
      });
    expect((await world.jobs.service.get(TENANT, hiddenId)).wish).toBeNull();
  });

  it("does to them what the rights there allow", async () => {
    const [own] = await make("plant");
    expect(await failure(seen.act(someone(["job.read"]), own!.id, "pause"))).toMatchObject({ code: "forbidden" });
    expect((await seen.act(someone(["job.read", "job.control"]), own!.id, "pause")).wish).toBe("pause");
  });
});
