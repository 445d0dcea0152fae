import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { systemClock, type Clock } from "../src/kernel/clock.ts";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import type { FunctionContext, Module } from "../src/link/index.ts";
import { makeModule } from "../src/server/modules.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// Contractor's own blueprints, imported as they are, build and take down what stands on them, on a server with everything in it.

const FOLDER = resolve(
  import.meta.dirname,
  "..",
  process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance",
  "tscript/blueprints",
);
const present = existsSync(FOLDER);
if (!present) process.stderr.write(`skipped: no blueprints at ${FOLDER}\n`);

/** A minute of a script is 200 ms here. */
const FASTER = 300;
const begun = systemClock.now();
const fastClock: Clock = {
  now: () => begun + (systemClock.now() - begun) * FASTER,
  after: (milliseconds, action) => systemClock.after(milliseconds / FASTER, action),
};

let folder: string;
let made: TestComposition;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-imported-"));
  made = await testComposition(folder, "token", {
    clock: fastClock,
    keepJobs: Number.MAX_SAFE_INTEGER,
    keepEvents: Number.MAX_SAFE_INTEGER,
  });
  await made.composition.http.listenOnSocket(join(folder, "gantry.sock"));
  const modules = [pretended(), pretendedAs("ipmi")];
  await made.composition.start({ urls: ["https://127.0.0.1:1"], modules, workerFolder: join(folder, "worker") });
  onTestFinished(async () => {
    await made.close();
    rmSync(folder, { recursive: true });
  });
});

async function ask(method: string, path: string, body?: Json, more: Record<string, string> = {}): Promise<JsonObject> {
  const { promise, resolve: done, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), "if-match": "*", ...more };
  const outgoing = request({ socketPath: join(folder, "gantry.sock"), method, path, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => (text += String(chunk)));
    answer.on("end", () => done({ status: answer.statusCode ?? 0, text }));
  });
  outgoing.on("error", reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const { status, text } = await promise;
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return text === "" ? {} : (JSON.parse(text) as JsonObject);
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setImmediate(wake));
  }
}

async function importAll(...names: readonly string[]): Promise<void> {
  const documents = names.map((path) => ({ path, text: readFileSync(join(FOLDER, path), "utf8") }));
  const body = { name: "contractor", bundle: { documents, files: {} } };
  expect(await ask("POST", "/v1/blueprint-imports", body)).toMatchObject({ counts: { conflict: 0 } });
  expect(await ask("POST", "/v1/blueprint-imports", body)).toMatchObject({ empty: true });
}

/** The state of a thing; what failed fails the test. */
async function stateOf(kind: "foundations" | "structures", name: string): Promise<string> {
  const row = await ask("GET", `/v1/${kind}/${name}`);
  expect(row["failure"], JSON.stringify(row["failure"])).toBeNull();
  return String(row["state"]);
}

/** The job that is at work on something, when it waits or pauses with such a message. */
function jobAt(name: string, status: string, message?: string): Promise<JsonObject> {
  return until(async () => {
    const { items } = await ask("GET", "/v1/jobs?limit=100");
    return (items as readonly JsonObject[]).find(
      (job) =>
        (job["target"] as JsonObject)["name"] === name &&
        job["status"] === status &&
        (message === undefined || String(job["message"]).includes(message)),
    );
  });
}

async function create(kind: "foundation" | "structure", blueprint: string, more: JsonObject): Promise<void> {
  await ask("POST", `/v1/${kind}s`, { name: "x1", site: "lab", blueprint, ...more });
}

/** The pretended machines of the data folder. */
function pretended(): Module {
  return makeModule("test", { dataFolder: folder, agentCommand: [], environment: {} })!;
}

function mapped<Value>(names: readonly string[], of: (name: string) => Value): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}

/** The same, by the name of a driver for machines in racks. */
function pretendedAs(name: string): Module {
  const { functions, ...module } = pretended();
  const standing = Object.entries(functions).map(([called, one]) => [
    called,
    {
      ...one,
      parameters: z.looseObject(mapped(Object.keys(one.parameters.shape), () => z.unknown().optional())),
      run: (given: { foundation: object }, context: FunctionContext) =>
        one.run({ ...given, foundation: { ...given.foundation, attributes: { stands: true } } }, context),
    },
  ]);
  return { ...module, name, functions: Object.fromEntries(standing) as Module["functions"] };
}

/** The machine, and what it boots: whenever somebody waits for it to be done it says that it is, and switches itself off. */
function playMachine(id: string): () => Promise<void> {
  let over = false;
  const file = join(folder, "pretended", `${id}.json`);
  function switchOff(): void {
    if (!existsSync(file)) return;
    const state = JSON.parse(readFileSync(file, "utf8")) as JsonObject;
    if (state["power"] === "off") return;
    writeFileSync(`${file}.installer`, JSON.stringify({ ...state, power: "off" }));
    renameSync(`${file}.installer`, file);
  }
  const playing = (async () => {
    while (!over) {
      const { items } = await ask("GET", "/v1/jobs?limit=100");
      const text = JSON.stringify((items as readonly JsonObject[]).filter(({ status }) => status === "waiting"));
      if (text.includes("wait_for_completion")) {
        const booted = await made.composition.boot.keys.current(id);
        if (booted !== undefined) await ask("POST", `/v1/boot/keys/${booted.key}/signal`);
      }
      if (text.includes("wait_for_poweroff")) switchOff();
      await new Promise((wake) => setImmediate(wake));
    }
  })();
  const leave = (): Promise<void> => {
    over = true;
    return playing;
  };
  onTestFinished(leave);
  return leave;
}

async function takenDown(): Promise<void> {
  await ask("DELETE", "/v1/structures/x1");
  await ask("DELETE", "/v1/foundations/x1");
  await until(async () => {
    const { items } = await ask("GET", "/v1/foundations");
    return (items as readonly JsonObject[]).length === 0 ? true : undefined;
  });
}

const built = (): Promise<true> =>
  until(async () => ((await stateOf("structures", "x1")) === "built" ? true : undefined));

describe.skipIf(!present)("imported blueprints", () => {
  it("build and take down a pretended machine, that switches itself off when its installer is done", async () => {
    await importAll("plugins-test.toml");
    await ask("POST", "/v1/sites", { name: "lab" });
    await create("foundation", "test-foundation-base", { type: "test", attributes: { stands: true } });
    await create("structure", "test-structure-base", { foundation: "x1" });
    const { id } = await ask("GET", "/v1/foundations/x1");
    const leave = playMachine(String(id));
    await built();
    expect(await stateOf("foundations", "x1")).toBe("built");
    await takenDown();
    await leave();
  }, 60_000);

  it("build a machine in a rack, once it has registered and is the one", async () => {
    await importAll("core-base_os.toml", "plugins-manual.toml", "plugins-ipmi.toml");
    await ask("POST", "/v1/sites", { name: "lab" });
    for (const name of ["disk-wipe", "set-rtc", "firmware"])
      await ask("POST", "/v1/boot-profiles", { name, script: `chain ${name}` });
    await create("foundation", "ipmi-base", {
      type: "ipmi",
      attributes: { address: "127.0.0.1", user: "admin", password: "admin" },
      systemUuid: "4c4c4544-0042-3510-8056-b4c04f4d3732",
    });
    await create("structure", "linux-base", { foundation: "x1", variables: { check_port: null } });
    const { token } = await ask("POST", "/v1/machine-tokens", { site: "lab" });
    expect(await stateOf("foundations", "x1")).toBe("planned");
    const facts = {
      system: { uuid: "4c4c4544-0042-3510-8056-b4c04f4d3732" },
      interfaces: [{ device: "eno1", mac: "52:54:00:00:00:01" }],
    };
    const registered = await ask("POST", "/v1/machines", { facts }, { authorization: `Bearer ${String(token)}` });
    expect(registered).toMatchObject({ state: "located", foundation: "x1", hostname: "x1" });
    expect(await ask("GET", "/v1/interfaces/x1%2Feth0")).toMatchObject({
      mac: "52:54:00:00:00:01",
      provisioning: true,
    });
    const leave = playMachine(String((await ask("GET", "/v1/foundations/x1"))["id"]));
    await until(async () => ((await stateOf("foundations", "x1")) === "built" ? true : undefined));
    expect(await ask("GET", "/v1/foundations/x1/boot")).toMatchObject({
      settings: [{ interface: "eth0", profile: "normal-boot" }],
      signal: { name: "firmware", outcome: "done" },
    });
    await leave();
  }, 60_000);

  it("ask a person, who looks and resumes", async () => {
    await importAll("core-base_os.toml", "plugins-manual.toml");
    await ask("POST", "/v1/sites", { name: "lab" });
    await create("foundation", "manual-foundation-base", { type: "manual" });
    await create("structure", "manual-structure-base", { foundation: "x1" });
    // Nobody has said yet that the machine is there.
    expect(await stateOf("foundations", "x1")).toBe("planned");
    await ask("POST", "/v1/foundations/x1/locate");
    for (const words of [
      "Resume when Server is Powered Off",
      "Resume When OS is Installed",
      "Resume When OS has been verified to be running",
    ]) {
      const job = await jobAt("x1", "paused", words);
      await ask("POST", `/v1/jobs/${String(job["id"])}/resume`);
    }
    await built();
    const { items } = await ask("POST", "/v1/jobs", { script: "utility", structure: "x1" });
    const [utility] = items as readonly JsonObject[];
    await jobAt("x1", "paused", "Do the thing, then Resume");
    await ask("POST", `/v1/jobs/${String(utility!["id"])}/resume`);
    await until(async () =>
      (await ask("GET", `/v1/jobs/${String(utility!["id"])}`))["status"] === "done" ? true : undefined,
    );
    await ask("DELETE", "/v1/structures/x1");
    await ask(
      "POST",
      `/v1/jobs/${String((await jobAt("x1", "paused", "Resume When OS is Uninstalled"))["id"])}/resume`,
    );
    await until(async () =>
      ((await ask("GET", "/v1/structures"))["items"] as readonly Json[]).length === 0 ? true : undefined,
    );
  }, 60_000);
});
