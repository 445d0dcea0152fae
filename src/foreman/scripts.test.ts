import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import {
  blueprint,
  complex,
  dependency,
  foundation,
  inserting,
  networkInterface,
  site,
  structure,
} from "../inventory/testing.ts";
import type { Foundation, InventoryRows, Structure } from "../inventory/index.ts";
import { TestFailure, type TestFunction } from "../jobs/testing/executor.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { openForemanWorld, type ForemanWorld } from "./testing.ts";

function text(content: string) {
  return { text: content, origin: { file: "site.yaml", line: 1, column: 1, exact: true } };
}

const nothing: TestFunction = () => null;
let world: ForemanWorld;
beforeEach(async () => {
  world = await openForemanWorld();
});

interface Scripts {
  readonly machine?: Readonly<Record<string, string>>;
  readonly web?: Readonly<Record<string, string>>;
}

/** `web1` on the foundation `box`, in different sites. */
async function fill(
  scripts: Scripts,
  more: Partial<InventoryRows> = {},
  change: { readonly foundation?: Partial<Foundation>; readonly structure?: Partial<Structure> } = {},
): Promise<void> {
  const texts = (all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, text(`${one}\n`)]));
  const box = { id: "f1", site: "rack", ...change.foundation };
  const rows: Partial<InventoryRows> = {
    ...more,
    sites: [site("lab", { id: "lab" }), site("rack", { id: "rack" }), ...(more.sites ?? [])],
    blueprints: [
      blueprint("machine", {
        builds: "foundation",
        scripts: texts(scripts.machine ?? { create: "foundation.create()" }),
      }),
      blueprint("web", { scripts: texts(scripts.web ?? { create: "pass" }) }),
      ...(more.blueprints ?? []),
    ],
    foundations: [foundation("box", box), ...(more.foundations ?? [])],
    structures: [structure("web1", { id: "s1", foundation: "box", ...change.structure }), ...(more.structures ?? [])],
  };
  await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
}

async function settled(): Promise<Structure> {
  world.foreman.start();
  const snapshot = await world.reach(
    ({ structures, foundations }) =>
      ["built", "failed"].includes(structures.get("web1")?.state ?? "") ||
      [...foundations.values()].some(({ state }) => state === "failed"),
  );
  return snapshot.structures.get("web1")!;
}

async function failure(): Promise<string | undefined> {
  const { structures, foundations } = await world.snapshot();
  return structures.get("web1")?.failure?.message ?? foundations.get("box")?.failure?.message;
}

describe("foundation in a script", () => {
  it("has facts, interfaces, attributes and what scripts noted", async () => {
    const seen: Json[] = [];
    const note: TestFunction = (parameters) => {
      seen.push((parameters as JsonObject)["say"] as Json);
      return null;
    };
    const port = (device: string, more: object) =>
      networkInterface(`box/${device}`, { foundation: "box", structure: null, device, ...more });
    const web = [
      "net.say( say=[ foundation.type, foundation.site, foundation.located, foundation.size ] )",
      "net.say( say=[ foundation.provisioning_interface, foundation.docker_id, exists( foundation.other ) ] )",
      "net.say( say=[ structure.primary_ip, structure.primary_interface, structure.provisioning_ip, structure.foundation ] )",
    ];
    await fill(
      {
        machine: {
          create:
            'answer = foundation.create()\nfoundation.docker_id = answer[ "id" ]\nnet.say( say=foundation.docker_id )',
        },
        web: { create: web.join("\n") },
      },
      { interfaces: [port("eth0", { mac: "52:54:00:00:00:01" }), port("eth1", { provisioning: true })] },
      {
        foundation: { attributes: { size: 3 } },
        structure: { addresses: [{ block: "b", address: "10.0.0.5", interface: "box/eth1" }] },
      },
    );
    const machine = world.serve("local", { create: () => ({ id: "c1" }) });
    world.serve("net", { say: note });
    expect(await settled()).toMatchObject({ state: "built" });
    expect(seen).toEqual([
      "c1",
      ["local", "rack", true, 3],
      ["eth1", "c1", false],
      ["10.0.0.5", "eth1", "10.0.0.5", "box"],
    ]);
    expect(machine.begun[0]!.parameters).toMatchObject({
      foundation: {
        hostname: "web1",
        interfaces: [
          { device: "eth1", mac: null, provisioning: true },
          { device: "eth0", mac: "52:54:00:00:00:01", provisioning: false },
        ],
      },
    });
    const { foundations } = await world.snapshot();
    expect(foundations.get("box")!.identifiers).toEqual({ docker_id: "c1" });
  });

  it("loses what was noted when none is assigned, and when it is destroyed", async () => {
    await fill({
      machine: {
        create: "foundation.create()\nfoundation.one = 1\nfoundation.two = { size=2 }\nfoundation.one = None",
        destroy: "foundation.destroy()",
      },
    });
    world.serve("local", { create: nothing, destroy: nothing });
    await settled();
    const noted = async (): Promise<unknown> => (await world.snapshot()).foundations.get("box")!.identifiers;
    expect(await noted()).toEqual({ two: { size: 2 } });
    await world.change("structure", "web1", { rebuild: true });
    await world.change("foundation", "box", { rebuild: true, type: "local" });
    const seen: unknown[] = [];
    await world.reach(({ foundations }) => {
      const { state, build, identifiers } = foundations.get("box")!;
      if (state === "planned" && build === null) seen.push(identifiers);
      return seen.length > 0 || (state === "building" && build === null);
    });
    for (const one of seen) expect(one).toEqual({});
  });

  it.each([
    ['foundation.name = "other"', "foundation.name can only be read"],
    ["it = foundation.docker_di", '"foundation" has no value "docker_di"'],
    ['structure.name = "other"', "structure.name can only be read"],
    ["config.port = 1", '"config" has no value "port"'],
    ["foundation.fly()", '"foundation" has no function "fly"'],
  ])("%s fails", async (script, message) => {
    await fill({ machine: { create: script } });
    world.serve("local", {});
    await settled();
    expect(await failure()).toBe(message);
  });

  it("is told when it notes more than is kept, and can go on after that", async () => {
    const script = "answer = foundation.create()\nfoundation.answer = answer";
    await fill({ machine: { create: script } });
    world.serve("local", { create: () => "x".repeat(70_000) });
    await settled();
    expect(await failure()).toMatch(
      /with foundation\.answer the foundation's identifiers have 700\d\d characters; 65536/,
    );
  });

  it("can be started and stopped by Contractor's words, and by its driver's name", async () => {
    const machine = { create: "foundation.create()\nfoundation.start()\nlocal.create()\nfoundation.stop()" };
    await fill({ machine });
    const driver = world.serve("local", { create: nothing, power_on: nothing, power_off: nothing });
    await settled();
    expect(driver.begun.map(({ function: name }) => name)).toEqual(["create", "power_on", "create", "power_off"]);
    expect(driver.begun[1]!.parameters).toMatchObject({ join: { $join: "f1" } });
    expect(driver.begun[2]!.parameters).toMatchObject({ foundation: { id: "f1" }, join: { $join: "f1" } });
  });

  it("gives no token to join another foundation, whatever a variable says", async () => {
    await fill(
      { web: { create: "vcenter.create( join=config.other )" } },
      {},
      { structure: { variables: { other: { $join: "f2" } } } },
    );
    world.serve("local", { create: nothing });
    const stranger = world.serve("vcenter", { create: nothing });
    await settled();
    expect(await failure()).toBe("vcenter.create: a script cannot ask for a token to join");
    expect(stranger.begun).toEqual([]);
  });

  it("is the one at hand: a script names no other to any driver", async () => {
    await fill(
      { web: { create: "docker.destroy( foundation=config.other )" } },
      {},
      { structure: { variables: { other: { id: "f2", name: "other", attributes: {} } } } },
    );
    world.serve("local", { create: nothing });
    const docker = world.serve("docker", { destroy: nothing });
    await settled();
    expect(await failure()).toBe("docker.destroy: a script cannot name another foundation than its own");
    expect(docker.begun).toEqual([]);
  });

  it("opens secrets of its attributes for the driver, also where the structure says something else under their name", async () => {
    world.secrets.values.set("bmc", { value: "canary-bmc", version: 1 });
    const attributes = { password: { $secret: "bmc" }, size: 2 };
    await fill(
      { machine: { create: "foundation.create()" }, web: { create: "foundation.power_on()" } },
      {},
      { foundation: { attributes }, structure: { variables: { password: "own" } } },
    );
    const driver = world.serve("local", { create: () => "it is canary-bmc", power_on: nothing });
    expect((await settled()).state).toBe("built");
    for (const { parameters } of driver.begun)
      expect(parameters).toMatchObject({ foundation: { attributes: { password: "canary-bmc", size: 2 } } });
    const purposes = world.secrets.opened.map(({ purpose }) => purpose);
    expect(purposes).toMatchObject([
      { call: "create", foundation: "box", variable: "password" },
      { call: "power_on", structure: "web1", variable: "password" },
    ]);
    const { foundations } = await world.snapshot();
    expect(JSON.stringify(foundations.get("box"))).not.toContain("canary-bmc");
  });
});

describe("a foundation's own script", () => {
  it("configures firmware and BMC as well as checking them: driver, agent, net and ssh", async () => {
    const create = [
      "while not foundation.link_test() do",
      "begin()",
      '  pause( msg="no link" )',
      "end",
      "foundation.power_on()",
      'agent.run( command="flash" )',
      'iputils.wait_for_port( target="10.0.0.1", port=22 )',
      'ssh.execute( target="10.0.0.1", command="check" )',
      "foundation.wait_for_poweroff()",
    ];
    await fill({ machine: { create: create.join("\n") } });
    const driver = world.serve("local", { link_test: () => true, power_on: nothing, wait_for_poweroff: nothing });
    const agent = world.serve("agent", { run: nothing }, "f1");
    const net = world.serve("net", { wait_for_port: nothing });
    const ssh = world.serve("ssh", { execute: nothing });
    expect((await settled()).state).toBe("built");
    expect(driver.begun.map(({ function: name }) => name)).toEqual(["link_test", "power_on", "wait_for_poweroff"]);
    expect([agent, net, ssh].map(({ begun }) => begun.length)).toEqual([1, 1, 1]);
    expect(net.begun[0]!.parameters).toEqual({ target: "10.0.0.1", port: 22 });
  });
});

describe("structure.set_config", () => {
  it("writes a variable of the structure, that is read afterwards and makes nothing outdated", async () => {
    const create = [
      'structure.set_config( name="token", value={ id=7 } )',
      "token = config.token",
      'structure.set_config( name="copy", value=token )',
      "agent.run( command=config.copy )",
    ];
    await fill({ web: { create: create.join("\n") } }, {}, { structure: { variables: { port: 1 } } });
    world.serve("local", { create: nothing });
    const agent = world.serve("agent", { run: nothing }, "f1");
    const row = await settled();
    expect(row).toMatchObject({ state: "built", stale: false });
    expect(row.variables).toEqual({ port: 1, token: { id: 7 }, copy: { id: 7 } });
    expect(row.applied).toEqual({});
    expect(agent.begun.map(({ parameters }) => parameters)).toEqual([{ command: { id: 7 } }]);
    // What it was built with is what it says now: no plan finds a difference.
    const { structureInputs, createResolver } = await import("../inventory/index.ts");
    const now = structureInputs(createResolver(await world.snapshot()), "web1");
    expect(row.build!.variables).toEqual(now.variables);
    expect(row.build!.config).toEqual(["copy", "token"]);
  });

  it("is forgotten with what was built", async () => {
    const create = 'if not exists( config.token ) then structure.set_config( name="token", value=config.port )';
    await fill({ web: { create } }, {}, { structure: { variables: { port: 1 } } });
    world.serve("local", { create: nothing });
    expect((await settled()).variables).toEqual({ port: 1, token: 1 });
    await world.change("structure", "web1", { rebuild: true, variables: { port: 2, token: 1 } });
    const snapshot = await world.reach(({ structures }) => structures.get("web1")!.variables["token"] === 2);
    expect(snapshot.structures.get("web1")!.variables).toEqual({ port: 2, token: 2 });
  });

  it.each([
    ['structure.set_config( name=">list", value=1 )', '">list" cannot be the name of a variable'],
    ["structure.set_config( name=5, value=1 )", "5 cannot be the name of a variable"],
    ['structure.set_config( name="a" )', 'structure.set_config needs "value"'],
    ['structure.set_confg( name="a", value=1 )', '"structure" has no function "set_confg"'],
  ])("%s fails", async (script, message) => {
    await fill({ web: { create: script } });
    world.serve("local", { create: nothing });
    await settled();
    expect(await failure()).toContain(message);
  });
});

describe("a job", () => {
  it("asks workers of the foundation's site for its driver, and of its own site for all else", async () => {
    const web = { create: 'foundation.power_on()\nnet.ping( target="a" )' };
    await fill({ machine: { create: 'net.ping( target="b" )' }, web });
    world.serve("local", { power_on: nothing });
    world.serve("net", { ping: nothing });
    await settled();
    const { kysely } = world.database;
    const tasks: readonly Record<string, unknown>[] = await kysely
      .selectFrom("task" as never)
      .selectAll()
      .orderBy("id" as never)
      .execute();
    expect(tasks.map((task) => [task["module"], task["function"], task["site_id"]])).toEqual([
      ["net", "ping", "rack"],
      ["local", "power_on", "rack"],
      ["net", "ping", "lab"],
    ]);
  });

  it("waits for a module that nobody has, and goes on when somebody comes", async () => {
    await fill({ web: { create: 'vcenter.create_datastore( name="a" )' } });
    world.serve("local", { create: nothing });
    world.foreman.start();
    await world.reach(({ structures }) => structures.get("web1")?.state === "building");
    const vcenter = world.serve("vcenter", { create_datastore: nothing });
    await world.reach(({ structures }) => structures.get("web1")?.state === "built");
    expect(vcenter.begun.map(({ parameters }) => parameters)).toEqual([{ name: "a" }]);
  });

  it("keeps its script when that is changed while it runs, also over a retry", async () => {
    await fill({ web: { create: 'agent.run( command="old 1" )\nagent.run( command="old 2" )' } });
    world.serve("local", { create: nothing });
    let broken = true;
    const commands: string[] = [];
    const run: TestFunction = (parameters) => {
      commands.push(String((parameters as JsonObject)["command"]));
      if (broken) throw new TestFailure("no");
      return null;
    };
    world.serve("agent", { run }, "f1");
    await settled();
    const before = (await world.snapshot()).blueprints.get("web")!;
    const scripts = { create: text('agent.run( command="new" )\n') };
    const { updating } = await import("../inventory/testing.ts");
    await world.database.transaction((tx) =>
      world.inventory.write(
        tx,
        DEFAULT_TENANT.id,
        updating({ blueprints: [{ ...before, scripts, version: before.version + 1 }] }),
      ),
    );
    broken = false;
    const [job] = await world.jobsMade();
    await world.jobs.service.retry(DEFAULT_TENANT.id, job!.id);
    await world.reach(({ structures }) => structures.get("web1")?.state === "built");
    expect(commands).toEqual(["old 1", "old 1", "old 2"]);
  });
});

describe("a dependency", () => {
  const port = (more: object = {}) =>
    dependency("port", {
      id: "d1",
      foundation: "box",
      structure: "switch",
      createScript: "open_port",
      destroyScript: "close_port",
      ...more,
    });
  const rack = {
    foundations: [foundation("rack1", { id: "f2", site: "rack" })],
    structures: [structure("switch", { id: "s2", foundation: "rack1", blueprint: "switch" })],
    blueprints: [
      blueprint("switch", {
        scripts: {
          create: text("pass\n"),
          open_port: text('agent.run( command=( "open on " . structure.name ) )\n'),
          close_port: text('agent.run( command="close" )\n'),
        },
      }),
    ],
  };

  it("runs its scripts on what is needed, before its foundation is made and after it is gone", async () => {
    await fill(
      { machine: { create: "foundation.create()", destroy: "foundation.destroy()" } },
      { ...rack, dependencies: [port({ link: "hard" })] },
    );
    const order: string[] = [];
    const machine =
      (name: string): TestFunction =>
      (parameters) => {
        order.push(`${name} ${String(((parameters as JsonObject)["foundation"] as JsonObject)["name"])}`);
        return null;
      };
    world.serve("local", { create: machine("create"), destroy: machine("destroy") });
    const run: TestFunction = (parameters) => {
      order.push(String((parameters as JsonObject)["command"]));
      return null;
    };
    world.serve("agent", { run }, "f2");
    expect((await settled()).state).toBe("built");
    expect(order).toEqual(["create rack1", "open on switch", "create box"]);
    const { dependencies } = await world.snapshot();
    expect(dependencies.get("port")).toMatchObject({ state: "built", failure: null });
    order.length = 0;
    await world.change("structure", "switch", { rebuild: true });
    await world.reach(({ structures }) => structures.get("switch")!.rebuild === false && order.includes("close"));
    await world.reach(
      ({ structures }) => structures.get("web1")!.state === "built" && structures.get("web1")!.jobId === null,
    );
    expect(order).toEqual(["destroy box", "close", "open on switch", "create box"]);
    const seen = await world.eventsSeen();
    expect(seen).toContain("dependency.built port");
    expect(seen).toContain("dependency.destroyed port");
  });

  it("that is hard takes down what stands on its foundation also when nobody is there any more to tidy up", async () => {
    await fill(
      { web: { create: 'agent.run( command="create" )', destroy: 'agent.run( command="destroy" )' } },
      { ...rack, dependencies: [port({ link: "hard", createScript: null, destroyScript: null })] },
    );
    world.serve("local", { create: nothing, destroy: nothing });
    const agent = world.serve("agent", { run: nothing }, "f1");
    await settled();
    world.connected.delete("f1");
    await world.change("structure", "switch", { rebuild: true });
    await world.reach(({ structures }) => structures.get("switch")!.state === "built" && agent.begun.length === 2);
    expect(agent.begun.map(({ parameters }) => parameters)).toEqual([{ command: "create" }, { command: "create" }]);
  });

  it("with a script that nobody wrote has failed, and says which", async () => {
    await fill({}, { ...rack, dependencies: [port({ createScript: "opn_port" })] });
    world.serve("local", { create: nothing });
    world.foreman.start();
    const { dependencies } = await world.reach((now) => now.dependencies.get("port")?.state === "failed");
    expect(dependencies.get("port")!.failure?.message).toBe(
      "The blueprint switch has no script opn_port, and neither have its parents.",
    );
  });

  it("without scripts is built when what it needs is", async () => {
    await fill({}, { ...rack, dependencies: [port({ createScript: null, destroyScript: null })] });
    world.serve("local", { create: nothing });
    expect((await settled()).state).toBe("built");
    expect((await world.jobsMade()).map(({ target }) => target.kind)).not.toContain("dependency");
  });
});

describe("a complex", () => {
  it("places foundations on its members, and says on which", async () => {
    const hosts = ["h1", "h2"];
    await fill(
      {},
      {
        foundations: [
          ...hosts.map((name) => foundation(name)),
          foundation("vm1", { complex: "pool" }),
          foundation("vm2", { complex: "pool" }),
        ],
        structures: hosts.map((name, at) =>
          structure(name, { addresses: [{ block: "b", address: `10.0.0.${at + 1}` }] }),
        ),
        complexes: [complex("pool", { type: "local", members: hosts, attributes: { pool: "fast" } })],
      },
    );
    const driver = world.serve("local", { create: nothing });
    world.foreman.start();
    const { foundations } = await world.reach((now) =>
      ["vm1", "vm2"].every((name) => now.foundations.get(name)?.state === "built"),
    );
    expect(["vm1", "vm2"].map((name) => foundations.get(name)!.placedOn)).toEqual(["h1", "h2"]);
    const told = driver.begun.map(({ parameters }) => (parameters as JsonObject)["foundation"] as JsonObject);
    expect(told.find(({ name }) => name === "vm2")).toMatchObject({
      attributes: { pool: "fast" },
      host: { name: "h2", address: "10.0.0.2" },
    });
  });
});
