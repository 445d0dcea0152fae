import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { createIpmiModule } from "../src/drivers/ipmi/index.ts";
import { type Clock, systemClock } from "../src/kernel/clock.ts";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import type { FunctionContext, Module } from "../src/link/index.ts";
import { testComposition } from "../src/server/testing.ts";
import { startBmc } from "./support/bmc.ts";
import { createChassis } from "./support/chassis.ts";
import { describeReal } from "./support/real.ts";

/**
 * Contractor's own scripts for machines in racks, as they are, on a server whose worker switches a real virtual machine by a BMC: three times it
 * is switched on, says that it is done, and switches itself off.
 */

const FOLDER = resolve(
  import.meta.dirname,
  "..",
  process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance",
  "tscript/blueprints",
);
const present = existsSync(FOLDER);
if (!present) process.stderr.write(`skipped: no blueprints at ${FOLDER}\n`);

/** A minute of a script is 2 s here. What the driver does takes its time. */
const FASTER = 30;
const begun = systemClock.now();
const fastClock: Clock = {
  now: () => begun + (systemClock.now() - begun) * FASTER,
  after: (milliseconds, action) => systemClock.after(milliseconds / FASTER, action),
};

function unhurried(module: Module): Module {
  const functions = Object.entries(module.functions).map(([name, one]) => [
    name,
    { ...one, run: (given: unknown, context: FunctionContext) => one.run(given, { ...context, clock: systemClock }) },
  ]);
  return { ...module, functions: Object.fromEntries(functions) as Module["functions"] };
}

describeReal(["qemu", "bmc"], "imported blueprints of machines in racks", () => {
  it.skipIf(!present)("build one and take it down", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gantry-imported-"));
    const chassis = createChassis();
    const bmc = await startBmc(chassis);
    const made = await testComposition(folder, "token", {
      clock: fastClock,
      keepJobs: Number.MAX_SAFE_INTEGER,
      keepEvents: Number.MAX_SAFE_INTEGER,
    });
    const { composition } = made;
    onTestFinished(async () => {
      await made.close();
      await bmc.stop();
      await chassis.remove();
      rmSync(folder, { recursive: true });
    });
    const socketPath = join(folder, "gantry.sock");
    await composition.http.listenOnSocket(socketPath);
    const modules = [unhurried(createIpmiModule({ every: 100 }))];
    await composition.start({ urls: ["https://127.0.0.1:1"], modules, workerFolder: join(folder, "worker") });

    async function ask(method: string, path: string, body?: Json): Promise<JsonObject> {
      const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), "if-match": "*" };
      const outgoing = request({ socketPath, method, path, headers });
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      const text = await textOf(answer);
      expect(answer.statusCode, `${method} ${path}: ${text}`).toBeLessThan(300);
      return text === "" ? {} : (JSON.parse(text) as JsonObject);
    }

    /** What the machine's job waits for; its failure, when it failed. */
    async function waitsFor(): Promise<string> {
      const { items } = await ask("GET", "/v1/jobs?limit=1");
      const [job] = items as readonly JsonObject[];
      expect(job?.["status"], JSON.stringify(job)).not.toBe("failed");
      return job?.["status"] === "waiting" ? String(job["message"]) : "";
    }

    /** The machine is on, does what it was started for, says so, and switches itself off. */
    async function round(): Promise<void> {
      await expect.poll(waitsFor, { timeout: 60_000, interval: 100 }).toContain("wait_for_completion");
      expect(await chassis.get("power")).toBe("1");
      const { id } = await ask("GET", "/v1/foundations/x1");
      const booted = await composition.boot.keys.current(String(id) as never);
      await ask("POST", `/v1/boot/keys/${booted?.key}/signal`);
      await expect.poll(waitsFor, { timeout: 60_000, interval: 100 }).toContain("wait_for_poweroff");
      await chassis.set("power", "0");
    }

    const documents = ["core-base_os.toml", "plugins-manual.toml", "plugins-ipmi.toml"].map((path) => ({
      path,
      text: readFileSync(join(FOLDER, path), "utf8"),
    }));
    await ask("POST", "/v1/blueprint-imports", { name: "contractor", bundle: { documents, files: {} } });
    await ask("POST", "/v1/sites", { name: "lab" });
    for (const name of ["disk-wipe", "set-rtc", "firmware"])
      await ask("POST", "/v1/boot-profiles", { name, script: `chain ${name}` });
    const attributes = {
      address: "127.0.0.1",
      port: bmc.port,
      user: "ADMIN",
      password: "secret",
      cipher: 3,
      stop_timeout: 0,
    };
    await ask("POST", "/v1/foundations", { name: "x1", site: "lab", blueprint: "ipmi-base", type: "ipmi", attributes });
    const card = { foundation: "x1", device: "eth0", provisioning: true, mac: "52:54:00:18:00:10" };
    await ask("POST", "/v1/interfaces", card);
    await ask("POST", "/v1/foundations/x1/locate");

    for (let count = 0; count < 3; count += 1) await round();
    await expect
      .poll(async () => (await ask("GET", "/v1/foundations/x1"))["state"], { timeout: 60_000, interval: 100 })
      .toBe("built");
    expect(await ask("GET", "/v1/foundations/x1/boot")).toMatchObject({
      settings: [{ interface: "eth0", profile: "normal-boot" }],
      signal: { name: "firmware", outcome: "done" },
    });
    expect(chassis.told().filter((line) => line === "power 1")).toHaveLength(3);

    await ask("DELETE", "/v1/foundations/x1?cascade=true");
    await round();
    await expect
      .poll(async () => (await ask("GET", "/v1/foundations"))["items"], { timeout: 60_000, interval: 100 })
      .toEqual([]);
    expect(await chassis.get("power")).toBe("0");
  });
});
