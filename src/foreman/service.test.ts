import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { blueprint, foundation, inserting, site, structure, updating } from "../inventory/testing.ts";
import type { Structure } from "../inventory/index.ts";
import { TestFailure, type TestFunction } from "../jobs/testing/executor.ts";
import type { JsonObject } from "../kernel/json.ts";
import { openForemanWorld, type ForemanWorld } from "./testing.ts";

function text(content: string): {
  text: string;
  origin: { file: string; line: number; column: number; exact: boolean };
} {
  return { text: content, origin: { file: "site.yaml", line: 1, column: 1, exact: true } };
}

const CREATE = `agent.add( template="index.html", to="index.html", values={who="you"} )
members = inventory.structures( blueprint="web" )
agent.run( command="create" )
`;

/** One site with one structure on one machine, not built yet. */
async function fill(world: ForemanWorld, webs: readonly Partial<Structure>[] = [{}]): Promise<void> {
  const machine = { create: text("foundation.create()\n"), destroy: text("foundation.destroy()\n") };
  const web = { create: text(CREATE), destroy: text('agent.run( command="destroy" )\n') };
  const templates = { "index.html": text("{{ greeting }} {{ values.who }} from {{ structure.name }}") };
  const rows = {
    sites: [site("lab", { variables: { greeting: "Hello" } })],
    blueprints: [
      blueprint("machine", { builds: "foundation", scripts: machine }),
      blueprint("web", { scripts: web, templates }),
    ],
    foundations: webs.map((_, index) => foundation(`web${index + 1}`, { id: `f${index + 1}` })),
    structures: webs.map((change, index) => structure(`web${index + 1}`, { id: `s${index + 1}`, ...change })),
  };
  await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
}

const nothing: TestFunction = () => null;
const MACHINE = { create: nothing, destroy: nothing };

/** A function that waits until the test lets it go on. */
function held(): { readonly run: TestFunction; readonly begun: Promise<void>; go(): void } {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const run: TestFunction = (_parameters, { cancelled }) => {
    begun.resolve();
    return Promise.race([gate.promise, cancelled.then(() => Promise.reject(new TestFailure("stopped")))]).then(
      () => null,
    );
  };
  return { run, begun: begun.promise, go: () => gate.resolve() };
}

const built = (world: ForemanWorld): Promise<unknown> =>
  world.reach(({ structures }) => structures.get("web1")?.state === "built");
const failed = (world: ForemanWorld): Promise<unknown> =>
  world.reach(({ structures }) => structures.get("web1")?.state === "failed");

describe("the foreman", () => {
  it("builds a machine, then what stands on it, and records what it was built with", async () => {
    const world = await openForemanWorld();
    await fill(world);
    const machine = world.serve("local", MACHINE);
    const agent = world.serve("agent", { add: nothing, run: nothing }, "f1");
    world.foreman.start();
    await built(world);

    const snapshot = await world.snapshot();
    const web = snapshot.structures.get("web1")!;
    expect(web).toMatchObject({ stale: false, rebuild: false, jobId: null, failure: null });
    expect(web.build).toMatchObject({
      blueprint: "web",
      foundation: "web1",
      queries: [{ question: { blueprint: "web" } }],
    });
    expect(Object.keys(web.build!.templates)).toEqual(["index.html"]);
    expect(snapshot.foundations.get("web1")).toMatchObject({
      state: "built",
      build: { type: "local", hostname: "web1" },
    });
    expect(world.contents).toEqual(["Hello you from web1"]);
    expect(machine.begun.map((one) => one.parameters as JsonObject)).toEqual([
      {
        foundation: {
          id: "f1",
          name: "web1",
          attributes: {},
          addresses: [],
          hostname: "web1",
          interfaces: [],
          built: false,
          host: null,
        },
        join: { $join: "f1" },
      },
    ]);
    expect(agent.begun.map((one) => [one.function, one.parameters])).toEqual([
      ["add", { to: "index.html", sha256: "1" }],
      ["run", { command: "create" }],
    ]);
    expect((await world.jobsMade()).map((job) => [job.target.kind, job.status])).toEqual([
      ["structure", "done"],
      ["foundation", "done"],
    ]);
    expect(await world.eventsSeen()).toEqual(["foundation.built web1", "structure.built web1"]);
  });

  it("gives a job the rights of who made it necessary, and shows its script no more than that one may read", async () => {
    const starter = { accountId: "paul-id", tokenId: null, name: "paul" };
    const world = await openForemanWorld(() => ({ starterOf: async () => starter }), {
      mayRead: async (job) => (one) => job.starter.name === "paul" && one.name === "web1",
    });
    await fill(world, [{}, {}]);
    const before = (await world.snapshot()).blueprints.get("web")!;
    const scripts = { create: text('agent.run( command=inventory.structures( blueprint="web" ) )\n') };
    await world.database.transaction((tx) =>
      world.inventory.write(
        tx,
        DEFAULT_TENANT.id,
        updating({ blueprints: [{ ...before, scripts, version: before.version + 1 }] }),
      ),
    );
    world.serve("local", MACHINE);
    const seen: JsonObject[] = [];
    const run: TestFunction = (parameters) => {
      seen.push(...((parameters as JsonObject)["command"] as JsonObject[]));
      return null;
    };
    world.serve("agent", { run }, "f1");
    world.foreman.start();
    await built(world);
    expect(seen.map(({ name }) => name)).toEqual(["web1"]);
    const jobs = await world.jobsMade();
    expect(new Set(jobs.map((job) => job.starter.name))).toEqual(new Set(["paul"]));
  });

  it("remembers the services a structure was left with, and what a failed job had asked, over its retry", async () => {
    const world = await openForemanWorld();
    await fill(world);
    const script = `members = inventory.structures( blueprint="web" )
agent.service( name="web" )
agent.service( name="once" )
agent.service( name="spare", state="stopped" )
agent.service( name="once", state="absent" )
agent.run( command="create" )
`;
    const before = (await world.snapshot()).blueprints.get("web")!;
    const update = {
      create: text(script),
      update: text('agent.service( name="web", state="restarted" )\nagent.service( name="more" )\n'),
    };
    await world.database.transaction((tx) =>
      world.inventory.write(
        tx,
        DEFAULT_TENANT.id,
        updating({ blueprints: [{ ...before, scripts: update, version: before.version + 1 }] }),
      ),
    );
    world.serve("local", MACHINE);
    let broken = true;
    const run: TestFunction = () => {
      if (broken) throw new TestFailure("no");
      return null;
    };
    world.serve("agent", { service: nothing, run }, "f1");
    world.foreman.start();
    await failed(world);
    broken = false;
    const [job] = await world.jobsMade();
    await world.jobs.service.retry(DEFAULT_TENANT.id, job!.id);
    await built(world);
    const record = (await world.snapshot()).structures.get("web1")!.build!;
    expect(record.services).toEqual({ web: "started", spare: "stopped" });
    expect(record.queries).toHaveLength(1);

    await world.change("structure", "web1", { stale: true });
    await world.reach(({ structures }) => structures.get("web1")?.build?.services?.["more"] === "started");
    expect((await world.snapshot()).structures.get("web1")!.build!.services).toEqual({
      web: "started",
      spare: "stopped",
      more: "started",
    });
  });

  it("leaves alone what failed, until its job is tried again", async () => {
    const world = await openForemanWorld();
    await fill(world);
    world.serve("local", MACHINE);
    let broken = true;
    const run: TestFunction = () => {
      if (broken) throw new TestFailure("the disk is full");
      return null;
    };
    world.serve("agent", { add: nothing, run }, "f1");
    world.foreman.start();
    await failed(world);
    const [job] = await world.jobsMade();
    const failure = { role: "create", message: expect.stringContaining("the disk is full") as string, jobId: job!.id };
    expect((await world.snapshot()).structures.get("web1")).toMatchObject({
      state: "failed",
      jobId: null,
      build: null,
      failure,
    });

    broken = false;
    await world.jobs.service.retry(DEFAULT_TENANT.id, job!.id);
    expect((await world.snapshot()).structures.get("web1")).toMatchObject({
      state: "building",
      jobId: job!.id,
      failure: null,
    });
    await built(world);
    expect(await world.jobsMade()).toHaveLength(2);
    expect(await world.eventsSeen()).toEqual([
      "foundation.built web1",
      "structure.failed web1",
      "structure.built web1",
    ]);
  });

  it("lets no old job be tried again beside a new one", async () => {
    const world = await openForemanWorld();
    await fill(world);
    world.serve("local", MACHINE);
    let broken = true;
    const second = held();
    const run: TestFunction = (parameters, about) => {
      if (broken) throw new TestFailure("no");
      return second.run(parameters, about);
    };
    world.serve("agent", { add: nothing, run }, "f1");
    world.foreman.start();
    await failed(world);
    const [old] = await world.jobsMade();
    broken = false;
    await world.change("structure", "web1", { state: "planned", failure: null });
    await second.begun;
    const superseded = { code: "job_superseded", message: expect.stringContaining("web1 has gone on") as string };
    await expect(world.jobs.service.retry(DEFAULT_TENANT.id, old!.id)).rejects.toMatchObject(superseded);
    second.go();
    await built(world);
    await expect(world.jobs.service.retry(DEFAULT_TENANT.id, old!.id)).rejects.toMatchObject(superseded);
    expect((await world.jobs.service.get(DEFAULT_TENANT.id, old!.id)).status).toBe("failed");
  });

  it("tries again at once when what it failed with was changed meanwhile", async () => {
    const world = await openForemanWorld();
    await fill(world);
    world.serve("local", MACHINE);
    const first = held();
    let runs = 0;
    const run: TestFunction = async (parameters, about) => {
      runs += 1;
      if (runs > 1) return null;
      await first.run(parameters, about);
      throw new TestFailure("no");
    };
    world.serve("agent", { add: nothing, run }, "f1");
    world.foreman.start();
    await first.begun;
    const before = (await world.snapshot()).structures.get("web1")!;
    await world.change("structure", "web1", { stale: true, variables: { greeting: "Bye" } });
    first.go();
    await built(world);
    const after = (await world.snapshot()).structures.get("web1")!;
    expect(after.stale).toBe(false);
    expect(after.jobId).toBeNull();
    expect(before.jobId).not.toBeNull();
    expect(world.contents).toEqual(["Hello you from web1", "Bye you from web1"]);
  });

  it("takes down in reverse, and forgets what is gone", async () => {
    const world = await openForemanWorld();
    await fill(world, [{}, { dependsOn: ["web1"] }]);
    const machine = world.serve("local", MACHINE);
    const order: string[] = [];
    for (const id of ["f1", "f2"]) {
      const run: TestFunction = (parameters) => {
        order.push(`${id} ${String((parameters as JsonObject)["command"])}`);
        return null;
      };
      world.serve("agent", { add: nothing, run }, id);
    }
    world.foreman.start();
    await world.reach(({ structures }) => structures.get("web2")?.state === "built");
    for (const name of ["web1", "web2"]) {
      await world.change("structure", name, { wanted: "absent" });
      await world.change("foundation", name, { wanted: "absent" });
    }
    await world.reach(({ foundations, structures }) => foundations.size === 0 && structures.size === 0);
    expect(order).toEqual(["f1 create", "f2 create", "f2 destroy", "f1 destroy"]);
    expect(machine.begun.map((one) => one.function)).toEqual(["create", "create", "destroy", "destroy"]);
    const seen = await world.eventsSeen();
    const page = readFileSync(join(import.meta.dirname, "../../docs/events.md"), "utf8");
    for (const one of seen) expect(page).toContain(`\`${one.split(" ")[0]}\``);
    expect(seen).toEqual(
      expect.arrayContaining([
        "structure.destroyed web1",
        "structure.removed web1",
        "foundation.destroyed web1",
        "foundation.removed web1",
      ]),
    );
  });

  it("stops building what is to go away, and takes down what there is of it", async () => {
    const world = await openForemanWorld();
    await fill(world);
    world.serve("local", MACHINE);
    const first = held();
    const ran: string[] = [];
    const run: TestFunction = (parameters, about) => {
      const command = String((parameters as JsonObject)["command"]);
      ran.push(command);
      return command === "create" ? first.run(parameters, about) : null;
    };
    world.serve("agent", { add: nothing, run }, "f1");
    world.foreman.start();
    await first.begun;
    await world.change("structure", "web1", { wanted: "absent" });
    await world.change("foundation", "web1", { wanted: "absent" });
    await world.reach(({ foundations }) => foundations.size === 0);
    expect(ran).toEqual(["create", "destroy"]);
    expect((await world.jobsMade()).map((job) => [job.target.kind, job.programName, job.status])).toEqual([
      ["foundation", "destroy", "done"],
      ["structure", "destroy", "done"],
      ["structure", "create", "cancelled"],
      ["foundation", "create", "done"],
    ]);
  });

  it("takes down by the scripts of the blueprint a thing was built with, where it was built", async () => {
    const world = await openForemanWorld();
    await fill(world);
    const machine = world.serve("local", MACHINE);
    const agent = world.serve("agent", { add: nothing, run: nothing }, "f1");
    world.foreman.start();
    await built(world);
    const scripts = { create: text('agent.run( command="other" )\n'), destroy: text('agent.run( command="never" )\n') };
    const rows = {
      blueprints: [blueprint("other", { scripts })],
      foundations: [foundation("moved", { id: "f2", type: "local", blueprint: "machine" })],
    };
    await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
    const moved = world.serve("agent", { add: nothing, run: nothing }, "f2");
    await world.change("structure", "web1", { blueprint: "other", foundation: "moved", rebuild: true });
    await world.change("foundation", "web1", { wanted: "absent", attributes: { image: "new" } });
    await world.reach(
      ({ structures, foundations }) => structures.get("web1")?.build?.blueprint === "other" && !foundations.has("web1"),
    );
    expect(agent.begun.slice(2).map((one) => one.parameters)).toEqual([{ command: "destroy" }]);
    expect(moved.begun.map((one) => one.parameters)).toEqual([{ command: "other" }]);
    // The machine is given back as it was made.
    const destroyed = machine.begun.find((one) => one.function === "destroy");
    expect(destroyed?.parameters).toMatchObject({ foundation: { id: "f1", attributes: {}, hostname: "web1" } });
  });

  it("makes a job and says so in the row in one commit: a crash between them leaves neither", async () => {
    let crash = true;
    const world = await openForemanWorld(({ inventory }) => ({
      inventory: {
        ...inventory,
        changeBuild(...change) {
          // The process dies after the job is made, and before the row is written.
          if (!crash) return inventory.changeBuild(...change);
          crash = false;
          return Promise.reject(new Error("died"));
        },
      },
    }));
    await fill(world);
    world.serve("local", MACHINE);
    world.serve("agent", { add: nothing, run: nothing }, "f1");
    world.foreman.start();
    await built(world);
    expect(crash).toBe(false);
    expect((await world.jobsMade()).map((job) => job.target.kind)).toEqual(["structure", "foundation"]);
  });

  it("makes no job for a row that changed since it was looked at", async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    const world = await openForemanWorld(({ inventory }) => ({
      inventory: {
        ...inventory,
        async snapshot(tenantId, tx) {
          const seen = await inventory.snapshot(tenantId, tx);
          const now = meanwhile;
          meanwhile = undefined;
          await now?.();
          return seen;
        },
      },
    }));
    await fill(world);
    meanwhile = async () => {
      await world.change("structure", "web1", { wanted: "absent" });
      await world.change("foundation", "web1", { wanted: "absent" });
    };
    world.foreman.start();
    await world.reach(({ foundations }) => foundations.size === 0);
    expect(await world.jobsMade()).toEqual([]);
  });

  it("takes down at once what no script takes down", async () => {
    const world = await openForemanWorld();
    await fill(world, []);
    const script = { create: text("pass\n") };
    const rows = {
      blueprints: [blueprint("plain", { builds: "foundation", scripts: script })],
      foundations: [foundation("one", { blueprint: "plain" })],
    };
    await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
    world.foreman.start();
    await world.reach(({ foundations }) => foundations.get("one")?.state === "built");
    await world.change("foundation", "one", { wanted: "absent" });
    await world.reach(({ foundations }) => foundations.size === 0);
    expect(await world.eventsSeen()).toEqual([
      "foundation.built one",
      "foundation.destroyed one",
      "foundation.removed one",
    ]);
  });

  it("says so when a blueprint has no script to build with", async () => {
    const world = await openForemanWorld();
    await fill(world);
    await world.change("structure", "web1", { blueprint: "nothing" });
    world.serve("local", MACHINE);
    world.foreman.start();
    await failed(world);
    expect(await world.eventsSeen()).toEqual(["foundation.built web1", "structure.failed web1"]);
    expect((await world.snapshot()).structures.get("web1")?.failure).toMatchObject({ role: "create", jobId: null });
  });
});

describe("limits of jobs", () => {
  it("by driver let no more run at one time, in every order of ends, and all is built", async () => {
    const world = await openForemanWorld(() => ({ driverLimits: { local: 2 } }));
    await fill(world, [{}, {}, {}, {}]);
    let running = 0;
    let most = 0;
    const busy: TestFunction = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return null;
    };
    world.serve("local", { create: busy, destroy: busy });
    for (const id of ["f1", "f2", "f3", "f4"]) world.serve("agent", { add: nothing, run: busy }, id);
    world.foreman.start();
    await world.reach(({ structures }) => [...structures.values()].every(({ state }) => state === "built"));
    expect(most).toBeLessThanOrEqual(2);
  });

  it("of a site hold for the sites below it", async () => {
    const world = await openForemanWorld();
    await fill(world, [{}, {}, {}]);
    const lab = (await world.snapshot()).sites.get("lab")!;
    const above = site("region", { maxJobs: 1 });
    await world.database.transaction((tx) =>
      world.inventory.write(tx, DEFAULT_TENANT.id, {
        insert: inserting({ sites: [above] }).insert,
        update: updating({ sites: [{ ...lab, parent: "region", version: lab.version + 1 }] }).update,
      }),
    );
    const gate = held();
    world.serve("local", { create: gate.run });
    for (const id of ["f1", "f2", "f3"]) world.serve("agent", { add: nothing, run: nothing }, id);
    world.foreman.start();
    await gate.begun;
    expect(await world.jobsMade()).toHaveLength(1);
    gate.go();
    await world.reach(({ structures }) => [...structures.values()].every(({ state }) => state === "built"));
  });
});
