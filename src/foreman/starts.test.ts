import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT, serverPrincipal, type Principal } from "../access/index.ts";
import { accountWith } from "../access/testing.ts";
import { blueprint, foundation, group, inserting, site, structure } from "../inventory/testing.ts";
import type { Structure } from "../inventory/index.ts";
import type { Job } from "../jobs/index.ts";
import { TestFailure, type TestFunction } from "../jobs/testing/executor.ts";
import type { JsonObject } from "../kernel/json.ts";
import { openForemanWorld, type ForemanWorld } from "./testing.ts";
import type { StartRequest } from "./starts.ts";

function text(content: string) {
  return { text: `${content}\n`, origin: { file: "site.yaml", line: 1, column: 1, exact: true } };
}

const nothing: TestFunction = () => null;
let world: ForemanWorld;
/** What agents ran, as `f1 create`. */
let ran: string[];

beforeEach(async () => {
  world = await openForemanWorld();
  ran = [];
});

/** Structures `web1`, `web2` … in the group `webs`, on foundations of their names. */
async function fill(webs: readonly Partial<Structure>[] = [{}]): Promise<void> {
  const run = (command: string) => text(`agent.run( command="${command}" )`);
  const names = webs.map((_, at) => `web${at + 1}`);
  const rows = {
    sites: [site("lab"), site("far")],
    groups: [group("webs"), group("front", { parent: "webs" }), group("empty")],
    blueprints: [
      blueprint("machine", {
        builds: "foundation",
        scripts: { create: text("foundation.create()"), destroy: text("foundation.destroy()"), wipe: run("wipe") },
      }),
      blueprint("base", { scripts: { create: run("create"), destroy: run("destroy"), update: run("update") } }),
      blueprint("web", { parents: ["base"], scripts: { firmware: run("firmware") } }),
    ],
    foundations: names.map((name, at) => foundation(name, { id: `f${at + 1}` })),
    structures: webs.map((change, at) =>
      structure(names[at]!, { id: `s${at + 1}`, groups: [at === 0 ? "webs" : "front"], ...change }),
    ),
  };
  await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
  world.serve("local", { create: nothing, destroy: nothing });
}

function serveAgents(count: number, run: TestFunction = nothing): void {
  for (let at = 1; at <= count; at += 1) {
    const noting: TestFunction = (parameters, about) => {
      ran.push(`f${at} ${String((parameters as JsonObject)["command"])}`);
      return run(parameters, about);
    };
    world.serve("agent", { run: noting }, `f${at}`);
  }
}

function start(request: StartRequest): Promise<readonly Job[]> {
  return world.starts.start(serverPrincipal(DEFAULT_TENANT.id), request);
}

function allBuilt(): Promise<unknown> {
  return world.reach(({ structures }) =>
    [...structures.values()].every(({ state, jobId }) => state === "built" && jobId === null),
  );
}

describe("a script that a person starts", () => {
  it("has its row to itself, leaves it as it is, and counts as a job of the foreman", async () => {
    await fill();
    serveAgents(1);
    world.foreman.start();
    await allBuilt();
    const before = (await world.snapshot()).structures.get("web1")!;
    const [job] = await start({ script: "firmware", structure: "web1" });
    expect(job).toMatchObject({
      programName: "firmware",
      target: { kind: "structure", name: "web1" },
      context: { role: "utility" },
    });
    await world.reach(({ structures }) => structures.get("web1")!.jobId === null);
    const after = (await world.snapshot()).structures.get("web1")!;
    expect({ ...after, version: 0, updatedAt: 0 }).toEqual({ ...before, version: 0, updatedAt: 0 });
    expect(ran).toEqual(["f1 create", "f1 firmware"]);
    expect((await world.jobs.service.get(DEFAULT_TENANT.id, job!.id)).status).toBe("done");
  });

  it("that fails leaves what is built as built, and can be tried again", async () => {
    await fill();
    let broken = true;
    serveAgents(1, (parameters) => {
      if (broken && (parameters as JsonObject)["command"] === "firmware") throw new TestFailure("no");
      return null;
    });
    world.foreman.start();
    await allBuilt();
    const [job] = await start({ script: "firmware", structure: "web1" });
    await world.reach(({ structures }) => structures.get("web1")!.jobId === null);
    const status = async (): Promise<string> => (await world.jobs.service.get(DEFAULT_TENANT.id, job!.id)).status;
    expect(await status()).toBe("failed");
    expect((await world.snapshot()).structures.get("web1")).toMatchObject({ state: "built", failure: null });
    broken = false;
    await world.jobs.service.retry(DEFAULT_TENANT.id, job!.id);
    expect((await world.snapshot()).structures.get("web1")!.jobId).toBe(job!.id);
    await allBuilt();
    expect(await status()).toBe("done");
  });

  it("is never started beside another job", async () => {
    await fill();
    const gate = Promise.withResolvers<null>();
    serveAgents(1, (parameters) => ((parameters as JsonObject)["command"] === "firmware" ? gate.promise : null));
    world.foreman.start();
    await allBuilt();
    const [job] = await start({ script: "firmware", structure: "web1" });
    await expect(start({ script: "firmware", structure: "web1" })).rejects.toMatchObject({
      code: "target_busy",
      message: `structure web1 has a job already: ${job!.id}`,
    });
    // What it stands on is another target.
    const [wipe] = await start({ script: "wipe", foundation: "web1" });
    expect(wipe!.target.kind).toBe("foundation");
    await world.change("structure", "web1", { wanted: "absent" });
    gate.resolve(null);
    await world.reach(({ structures }) => structures.size === 0);
    expect(ran.filter((one) => one.endsWith("destroy"))).toHaveLength(1);
    expect(ran.indexOf("f1 destroy")).toBeGreaterThan(ran.indexOf("f1 firmware"));
  });

  it("does what the foreman does when it is create, update or destroy", async () => {
    await fill();
    serveAgents(1);
    world.foreman.start();
    await allBuilt();
    await start({ script: "update", structure: "web1" });
    await allBuilt();
    expect(ran).toEqual(["f1 create", "f1 update"]);
    const [job] = await start({ script: "destroy", structure: "web1" });
    expect((await world.snapshot()).structures.get("web1")).toMatchObject({ state: "destroying", jobId: job!.id });
    // The design still wants it: it is built anew.
    await world.reach(() => ran.length === 4);
    await allBuilt();
    expect(ran.slice(2)).toEqual(["f1 destroy", "f1 create"]);
  });

  it("is refused where the foreman would not do it either", async () => {
    await fill();
    await expect(start({ script: "create", structure: "web1" })).rejects.toMatchObject({
      code: "target_not_ready",
      message: "what structure web1 stands on or depends on is not built",
    });
    await expect(start({ script: "update", structure: "web1" })).rejects.toMatchObject({
      message: "structure web1 is not built",
    });
    serveAgents(1);
    world.foreman.start();
    await allBuilt();
    await expect(start({ script: "create", structure: "web1" })).rejects.toMatchObject({
      message: "structure web1 is built",
    });
    await expect(start({ script: "destroy", foundation: "web1" })).rejects.toMatchObject({
      message: "what stands on foundation web1, or needs it, has to be taken down first",
    });
  });

  it("that nobody wrote is an error with the nearest name, and all there are", async () => {
    await fill();
    await expect(start({ script: "firmwre", structure: "web1" })).rejects.toMatchObject({
      code: "script_unknown",
      message:
        "the blueprint web of structure web1 has no script 'firmwre'; did you mean 'firmware'? There are: create, destroy, firmware, update.",
    });
    expect(await world.jobsMade()).toEqual([]);
    await expect(start({ script: "x", structure: "wbe1" })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("who may start a script", () => {
  it("is who may control jobs at its place; what may not be read is not there", async () => {
    await fill([{}, { site: "far" }]);
    const { sites } = await world.snapshot();
    const at = { kind: "site", id: sites.get("lab")!.id } as const;
    const operator = accountWith("operator", at);
    const viewer = accountWith("viewer", at);
    const as = (who: Principal, request: StartRequest) => world.starts.start(who, request);
    await expect(as(viewer, { script: "wipe", foundation: "web1" })).rejects.toMatchObject({ code: "forbidden" });
    for (const request of [{ structure: "web2" }, { group: "webs" }, { group: "nothing" }])
      await expect(as(operator, { script: "firmware", ...request })).rejects.toMatchObject({ code: "not_found" });
    const [job] = await as(operator, { script: "wipe", foundation: "web1" });
    expect(job!.starter).toEqual({ accountId: "eve", tokenId: null, name: "eve" });
  });
});

describe("a script for a group", () => {
  it("is started on each structure of it and of the groups below, on all or on none", async () => {
    await fill([{}, {}, { blueprint: null, foundation: null }]);
    const gate = Promise.withResolvers<null>();
    serveAgents(2, (parameters) => ((parameters as JsonObject)["command"] === "firmware" ? gate.promise : null));
    world.foreman.start();
    await world.reach(({ structures }) =>
      ["web1", "web2"].every((name) => structures.get(name)!.state === "built" && structures.get(name)!.jobId === null),
    );
    const [one] = await start({ script: "firmware", structure: "web2" });
    await expect(start({ script: "firmware", group: "webs" })).rejects.toMatchObject({ code: "target_busy" });
    expect((await world.snapshot()).structures.get("web1")!.jobId).toBeNull();
    gate.resolve(null);
    await world.reach(({ structures }) => structures.get("web2")!.jobId === null);
    const jobs = await start({ script: "firmware", group: "webs" });
    expect(jobs.map(({ target }) => target.name)).toEqual(["web1", "web2"]);
    expect(one!.target.name).toBe("web2");
    await expect(start({ script: "firmwre", group: "webs" })).rejects.toMatchObject({
      code: "script_unknown",
      message: expect.stringContaining("and 1 more: nothing was started") as string,
    });
    await expect(start({ script: "firmware", group: "empty" })).rejects.toMatchObject({ code: "nothing_in_group" });
  });
});
