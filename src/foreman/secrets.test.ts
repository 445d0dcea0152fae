import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { blueprint, foundation, inserting, site, structure } from "../inventory/testing.ts";
import type { TestFunction } from "../jobs/testing/executor.ts";
import type { JsonObject } from "../kernel/json.ts";
import { openForemanWorld, type ForemanWorld } from "./testing.ts";

const VALUE = "canary-of-a-job";
const OTHER = "canary-that-nobody-uses";

let world: ForemanWorld;
beforeEach(async () => {
  world = await openForemanWorld();
  world.secrets.values.set("db", { value: VALUE, version: 1 }).set("other", { value: OTHER, version: 1 });
});

/** One structure that is made by this script, with variables of its site. */
async function made(
  script: string,
  variables: JsonObject,
  templates: Readonly<Record<string, string>> = {},
): Promise<void> {
  const text = (content: string) => ({ text: content, origin: { file: "site.yaml", line: 1, column: 1, exact: true } });
  const rows = {
    sites: [site("lab", { variables })],
    blueprints: [
      blueprint("machine", { builds: "foundation", scripts: { create: text("foundation.create()\n") } }),
      blueprint("web", {
        scripts: { create: text(`${script}\n`) },
        templates: Object.fromEntries(Object.entries(templates).map(([name, one]) => [name, text(one)])),
      }),
    ],
    foundations: [foundation("web1", { id: "f1" })],
    structures: [structure("web1", { id: "s1" })],
  };
  await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
  world.serve("local", { create: () => null });
}

/** What the agent is given, until the structure is built or failed. */
async function given(answer: TestFunction = () => null): Promise<readonly JsonObject[]> {
  const calls: JsonObject[] = [];
  const take: TestFunction = (parameters, about) => {
    calls.push(parameters as JsonObject);
    return answer(parameters, about);
  };
  world.serve("agent", { add: take, run: take, arg: take }, "f1");
  world.foreman.start();
  await world.reach(({ structures }) => ["built", "failed"].includes(structures.get("web1")?.state ?? ""));
  return calls;
}

async function failure(): Promise<string | undefined> {
  return (await world.snapshot()).structures.get("web1")?.failure?.message;
}

describe("a reference to a secret", () => {
  it("is opened for the call that uses it, and audited with what for", async () => {
    await made('password = config.password\nagent.run( command="deploy", environment={PASSWORD=password} )', {
      password: { $secret: "db" },
      unused: { $secret: "other" },
    });
    expect(await given()).toEqual([{ command: "deploy", environment: { PASSWORD: VALUE } }]);
    const job = (await world.jobsMade()).find(({ target }) => target.kind === "structure");
    const purpose = { job: job!.id, starter: "server", call: "run", variable: "password", structure: "web1" };
    expect(world.secrets.opened).toEqual([{ name: "db", purpose }]);
    expect(await stored()).toContain('{"$$secret":"db"}');
    expect(await stored()).not.toContain(VALUE);
  });

  it("makes a file that travels with the call, and is kept nowhere", async () => {
    const script = 'agent.add( template="app.conf", to="app.conf" )\nagent.add( content="plain", to="plain" )';
    await made(
      script,
      { database: { password: { $secret: "db" } }, unused: { $secret: "other" } },
      {
        "app.conf": "password={{ database.password | upper }}",
      },
    );
    expect(await given()).toEqual([
      { to: "app.conf", text: `password=${VALUE.toUpperCase()}` },
      { to: "plain", sha256: "1" },
    ]);
    expect(world.contents).toEqual(["plain"]);
    expect(world.secrets.opened.map(({ name }) => name)).toEqual(["db"]);
  });

  it("that is not there fails the job with all that a person needs", async () => {
    await made("agent.run( command=config.command )", { command: { $secret: "nowhere" } });
    expect(await given()).toEqual([]);
    expect(await failure()).toBe(
      "agent.run: there is no secret 'nowhere': the variable 'command' refers to it, and none of these has it: structure web1, site lab, tenant default",
    );
  });

  it("is opened only when a variable of the target has it, whatever an agent answers", async () => {
    await made('answer = agent.run( command="ask" )\nagent.run( command="tell", environment={PASSWORD=answer} )', {});
    expect(await given(() => ({ $secret: "db" }))).toEqual([{ command: "ask" }]);
    expect(await failure()).toContain("no variable of this target refers to it");
  });

  it("goes on by a retry when secrets were locked", async () => {
    world.secrets.locked = true;
    await made("agent.run( command=config.command )", { command: { $secret: "db" } });
    const calls = await given();
    const job = (await world.jobsMade()).find(({ target }) => target.kind === "structure");
    expect(job).toMatchObject({ status: "failed", failure: { code: "secrets_locked" } });
    world.secrets.locked = false;
    await world.jobs.service.retry(DEFAULT_TENANT.id, job!.id);
    await world.reach(({ structures }) => structures.get("web1")?.state === "built");
    expect(calls).toEqual([{ command: VALUE }]);
  });

  it("makes what was built with it stale when its value changes, and tells nothing of it", async () => {
    await made("agent.run( command=config.command )", { command: { $secret: "db" } });
    const calls = await given();
    const built = (await world.snapshot()).structures.get("web1")!.build!;
    expect(built.secrets).toEqual({ db: "db:1" });
    expect(JSON.stringify(built)).not.toContain(VALUE);
    await world.secrets.set("other", "another value");
    await world.secrets.set("db", "a new value");
    await world.reach(({ structures }) => structures.get("web1")!.build?.secrets?.["db"] === "db:2");
    expect(calls).toEqual([{ command: VALUE }, { command: "a new value" }]);
    expect((await world.snapshot()).structures.get("web1")).toMatchObject({ state: "built", stale: false });
  });

  it.each([
    ["an argument", 'agent.arg( name="password", value=config.password )', "agent.arg: it would"],
    ["a cache", 'agent.run( command=config.password, cache="use" )', "agent.run: with cache it would"],
  ])("is not given to what would stay in the agent's folder: %s", async (_what, script, name) => {
    await made(script, { password: { $secret: "db" } });
    expect(await given()).toEqual([]);
    expect(await failure()).toContain(`${name} keep the secret in the agent's folder`);
  });
});

/** All that is stored of jobs but the sealed parameters, which this world does not really seal. */
async function stored(): Promise<string> {
  const { kysely } = world.database;
  const rows = await kysely
    .selectFrom("job" as never)
    .selectAll()
    .execute();
  const tasks = await kysely
    .selectFrom("task" as never)
    .selectAll()
    .execute();
  return JSON.stringify([rows, tasks.map(({ sealed: _sealed, ...rest }: Record<string, unknown>) => rest)]).replaceAll(
    "\\",
    "",
  );
}
