import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../src/drivers/conformance.ts";
import { createLocalModule } from "../src/drivers/local/index.ts";
import { placesOf } from "../src/drivers/local/folder.ts";
import { processAt, processesOf } from "../src/drivers/local/processes.ts";

/** Stands in for the agent: joins, starts a service in a session of its own, and runs until it is told to end. */
const STAND_IN = `
  import { spawn } from "node:child_process";
  import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
  import { join } from "node:path";
  const [, , mode, , state, , home] = process.argv;
  if (mode === "broken") { console.error("cannot find my own feet"); process.exit(3); }
  if (mode === "deaf") process.on("SIGTERM", () => undefined);
  function startOf(pid) {
    return readFileSync("/proc/" + pid + "/stat", "latin1").split(") ").at(-1).split(" ")[19];
  }
  writeFileSync(join(state, "lock"), JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
  writeFileSync(join(home, "environment"), JSON.stringify(process.env));
  const keep = ["-e", "setInterval(() => undefined, 1000)"];
  spawn(process.execPath, keep, { detached: true, stdio: "ignore" }).unref();
  // A program that hides the environment it was started with, like those that write a title over it.
  if (mode === "deaf" || mode === "hiding") {
    const { pid } = spawn(process.execPath, keep, { detached: true, stdio: "ignore", env: {} });
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    mkdirSync(join(state, "services", "hidden"), { recursive: true });
    const record = { process: { pid, start: startOf(pid), boot } };
    writeFileSync(join(state, "services", "hidden", "service.json"), JSON.stringify(record));
  }
  const joining = join(state, "join.json");
  if (mode !== "lonely" && existsSync(joining)) {
    writeFileSync(join(state, "identity.json"), readFileSync(joining));
    rmSync(joining);
  }
  setInterval(() => undefined, 1000);
`;

let folder: string;
let script: string;
let count = 0;
let made: Parameters[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-local-"));
  script = join(folder, "stand-in.mjs");
  await writeFile(script, STAND_IN);
  made = [];
});

afterEach(async () => {
  for (const parameters of made) await callFunction(driver("quick"), "destroy", parameters);
  await rm(folder, { recursive: true });
});

function driver(mode: string, program = process.execPath) {
  return createLocalModule({
    dataFolder: join(folder, "data"),
    agentCommand: [program, script, mode],
    joinTimeout: mode === "lonely" ? 100 : 30_000,
    stopTimeout: mode === "deaf" || mode === "quick" ? 100 : 30_000,
  });
}

function foundation(changes: Partial<Parameters["foundation"]> = {}): Parameters {
  count += 1;
  const id = `${process.pid}-${count}`;
  const parameters = {
    foundation: { id, name: `web${count}`, addresses: [`127.80.1.${count}`], ...changes },
    join: { urls: ["https://127.0.0.1:1"], token: "gantry-join-x" },
  };
  made.push(parameters);
  return parameters;
}

function places({ foundation: { name } }: Parameters) {
  return placesOf(join(folder, "data", "foundations"), name);
}

function pids({ foundation: { id } }: Parameters): readonly number[] {
  return processesOf(id).map(({ pid }) => pid);
}

async function folders(): Promise<readonly string[]> {
  return readdir(join(folder, "data", "foundations")).catch(() => []);
}

function underTest(): DriverUnderTest {
  return {
    module: driver("plain"),
    origin: "made",
    foundation,
    broken: () => ({ parameters: foundation({ addresses: ["10.0.0.1"] }), code: "local_address_invalid" }),
    traces: async () => [...(await folders()), ...made.flatMap((one) => pids(one).map(String))],
    async vanish(parameters) {
      await callFunction(driver("plain"), "power_off", parameters);
      await rm(places(parameters).folder, { recursive: true });
    },
  };
}

describe("the local driver", () => {
  test.each(conformanceCases)("$title", async ({ run }) => {
    await expect(run(underTest())).resolves.toBeUndefined();
  });

  test("keeps folders and files for their owner only", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    await callFunction(driver("plain"), "power_on", parameters);
    const modes = await Promise.all(
      [places(parameters).folder, places(parameters).root, places(parameters).state, places(parameters).process].map(
        async (path) => ((await stat(path)).mode & 0o777).toString(8),
      ),
    );
    expect(modes).toEqual(["700", "700", "700", "600"]);
  });

  test("hands the agent how to join, and nothing of our environment", async () => {
    const parameters = foundation();
    process.env["GANTRY_TOKEN"] = "secret";
    await callFunction(driver("plain"), "create", parameters);
    const answer = await callFunction(driver("plain"), "power_on", parameters);
    delete process.env["GANTRY_TOKEN"];
    expect(answer).toMatchObject({ power: "on", ready: true, adopted: false });
    const { name } = parameters.foundation;
    expect(JSON.parse(await readFile(places(parameters).identity, "utf8"))).toEqual({ ...parameters.join, name });
    const environment = JSON.parse(await readFile(join(places(parameters).root, "environment"), "utf8"));
    expect(environment).toMatchObject({ GANTRY_FOUNDATION: parameters.foundation.id, HOME: places(parameters).root });
    expect(environment).not.toHaveProperty("GANTRY_TOKEN");
  });

  test("adopts an agent that nobody had the time to write down", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    await callFunction(driver("plain"), "power_on", parameters);
    const running = pids(parameters);
    await rm(places(parameters).process);
    expect(await callFunction(driver("plain"), "observe", parameters)).toMatchObject({ power: "on" });
    expect(await callFunction(driver("plain"), "power_on", parameters)).toMatchObject({ adopted: true });
    expect(pids(parameters)).toEqual(running);
  });

  test("sees an agent that was killed, starts another, and stops what the first one left", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    const first = (await callFunction(driver("plain"), "power_on", parameters)) as { pid: number };
    process.kill(first.pid, "SIGKILL");
    await expect
      .poll(() => callFunction(driver("plain"), "observe", parameters))
      .toMatchObject({ exists: true, power: "off" });
    expect(await callFunction(driver("plain"), "power_on", parameters)).toMatchObject({ adopted: false, ready: true });
    await callFunction(driver("plain"), "power_off", parameters);
    expect(pids(parameters)).toEqual([]);
  });

  test("ends what does not want to end", async () => {
    const parameters = foundation();
    await callFunction(driver("deaf"), "create", parameters);
    await callFunction(driver("deaf"), "power_on", parameters);
    expect(pids(parameters)).toHaveLength(3);
    expect(await callFunction(driver("deaf"), "power_off", parameters)).toMatchObject({ power: "off", stopped: 3 });
    expect(pids(parameters)).toEqual([]);
  });

  test("stops a service that hides its origin and whose agent was killed", async () => {
    const parameters = foundation();
    await callFunction(driver("hiding"), "create", parameters);
    const { pid } = (await callFunction(driver("hiding"), "power_on", parameters)) as { pid: number };
    const record = join(places(parameters).services, "hidden", "service.json");
    const hidden = JSON.parse(await readFile(record, "utf8")).process as { pid: number };
    process.kill(pid, "SIGKILL");
    await expect.poll(() => callFunction(driver("hiding"), "power_state", parameters)).toEqual({ power: "off" });
    expect(pids(parameters)).not.toContain(hidden.pid);
    expect(processAt(hidden.pid)).toBeDefined();
    await callFunction(driver("hiding"), "destroy", parameters);
    expect(processAt(hidden.pid)).toBeUndefined();
  });

  test("signals nobody else, whatever is written down", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    const stranger = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(stranger, "spawn");
    const start = (await readFile(`/proc/${stranger.pid}/stat`, "latin1")).split(") ").at(-1)?.split(" ")[19];
    await writeFile(places(parameters).process, JSON.stringify({ pid: stranger.pid, start }));
    expect(await callFunction(driver("plain"), "observe", parameters)).toMatchObject({ power: "off" });
    expect(await callFunction(driver("plain"), "destroy", parameters)).toMatchObject({ stopped: 0, removed: true });
    expect(stranger.signalCode).toBeNull();
    stranger.stdin.end();
    expect(await once(stranger, "exit")).toEqual([0, null]);
  });

  test("leaves the folder and the agent of a namesake alone", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    await callFunction(driver("plain"), "power_on", parameters);
    const namesake = {
      ...parameters,
      foundation: { ...parameters.foundation, id: `${parameters.foundation.id}-other` },
    };
    await expect(callFunction(driver("plain"), "create", namesake)).rejects.toMatchObject({ code: "local_name_taken" });
    expect(await callFunction(driver("plain"), "observe", namesake)).toMatchObject({ exists: false, power: "off" });
    expect(await callFunction(driver("plain"), "destroy", namesake)).toMatchObject({ removed: false, stopped: 0 });
    expect(await callFunction(driver("plain"), "observe", parameters)).toMatchObject({ exists: true, power: "on" });
  });

  test("does not take a folder that is not Gantry's", async () => {
    const parameters = foundation();
    await mkdir(places(parameters).folder, { recursive: true });
    await expect(callFunction(driver("plain"), "create", parameters)).rejects.toMatchObject({
      code: "local_name_taken",
    });
  });

  test("goes on where a worker died: half made, and half removed", async () => {
    const parameters = foundation();
    const { id } = parameters.foundation;
    const foundations = join(folder, "data", "foundations");
    await mkdir(join(foundations, `.new-${id}`, "root"), { recursive: true });
    await callFunction(driver("plain"), "create", parameters);
    expect(await folders()).toEqual([parameters.foundation.name]);
    await mkdir(join(foundations, `.old-${id}`, "root"), { recursive: true });
    await callFunction(driver("plain"), "destroy", parameters);
    expect(await folders()).toEqual([]);
  });

  test("removes folders that their owner may not write into", async () => {
    const parameters = foundation();
    await callFunction(driver("plain"), "create", parameters);
    const locked = join(places(parameters).root, "locked");
    await mkdir(join(locked, "inner"), { recursive: true });
    await chmod(locked, 0o500);
    await callFunction(driver("plain"), "destroy", parameters);
    expect(await folders()).toEqual([]);
  });

  test("says what an agent said that ended at once", async () => {
    const parameters = foundation();
    await callFunction(driver("broken"), "create", parameters);
    await expect(callFunction(driver("broken"), "power_on", parameters)).rejects.toMatchObject({
      code: "local_agent_ended",
      message: expect.stringMatching(/ended with exit code 3:\ncannot find my own feet$/),
    });
    expect(await callFunction(driver("broken"), "observe", parameters)).toMatchObject({ exists: true, power: "off" });
  });

  test("says when there is no program to start", async () => {
    const parameters = foundation();
    const nothing = driver("plain", join(folder, "no-such-program"));
    await callFunction(nothing, "create", parameters);
    await expect(callFunction(nothing, "power_on", parameters)).rejects.toMatchObject({
      code: "local_agent_ended",
      message: expect.stringContaining("ENOENT"),
    });
  });

  test("does not wait for ever for an agent that cannot join", async () => {
    const parameters = foundation();
    const messages: string[] = [];
    await callFunction(driver("lonely"), "create", parameters);
    const context = { message: (text: string) => void messages.push(text) };
    expect(await callFunction(driver("lonely"), "power_on", parameters, context)).toMatchObject({ ready: false });
    expect(messages.join()).toContain("it tries https://127.0.0.1:1");
  });
});
