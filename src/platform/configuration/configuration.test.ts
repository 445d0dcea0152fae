import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { configurationFiles, MACHINE_FILE, resolveConfiguration, type Setting } from "./index.ts";

const settings = {
  log_level: { schema: z.enum(["info", "debug"]), fallback: "info", summary: "How much is logged" } satisfies Setting<
    "info" | "debug"
  >,
  heartbeat_interval: {
    schema: z.coerce.number().positive(),
    fallback: 10,
    summary: "Seconds",
  } satisfies Setting<number>,
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-configuration-"));
  file = join(folder, "config.yaml");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a setting", () => {
  it("comes from the flag, else the environment, else the file, else its default", async () => {
    writeFileSync(file, "heartbeat_interval: 3\n");
    const environment = { GANTRY_HEARTBEAT_INTERVAL: "2" };
    const flags = { heartbeat_interval: "1" };
    const all = await resolveConfiguration(settings, { flags, environment, files: [file] });
    expect(all.values).toEqual({ log_level: "info", heartbeat_interval: 1 });
    expect(all.sources).toEqual({ log_level: "default", heartbeat_interval: "flag" });
    expect(
      (await resolveConfiguration(settings, { flags: {}, environment, files: [file] })).values.heartbeat_interval,
    ).toBe(2);
    expect(
      (await resolveConfiguration(settings, { flags: {}, environment: {}, files: [file] })).values.heartbeat_interval,
    ).toBe(3);
    expect((await resolveConfiguration(settings, { flags: {}, environment: {} })).values.heartbeat_interval).toBe(10);
  });

  it("comes from the first of two files that has it; settings of other programs are passed over", async () => {
    const machine = join(folder, "machine.yaml");
    writeFileSync(file, "heartbeat_interval: 3\n");
    writeFileSync(machine, "heartbeat_interval: 4\nlog_level: debug\nlisten: [127.0.0.1:1]\n");
    const { values } = await resolveConfiguration(settings, { flags: {}, environment: {}, files: [file, machine] });
    expect(values).toEqual({ log_level: "debug", heartbeat_interval: 3 });
  });

  it("is looked for in the file that the environment names, and then in no other", () => {
    expect(configurationFiles({}, ["/data/config.yaml"])).toEqual(["/data/config.yaml", MACHINE_FILE]);
    expect(configurationFiles({ GANTRY_CONFIG: "/mine.yaml" }, ["/data/config.yaml"])).toEqual(["/mine.yaml"]);
  });

  it("that is unknown or wrong is reported with its place, all at once", async () => {
    writeFileSync(file, "log_levle: debug\nheartbeat_interval: -1\n");
    const failed = resolveConfiguration(settings, { flags: { log_level: "loud" }, environment: {}, files: [file] });
    await expect(failed).rejects.toMatchObject({
      code: "configuration_invalid",
      problems: [
        { message: expect.stringContaining("'log_level'"), where: { line: 1, column: 1 } },
        { message: expect.stringContaining("--log-level") },
        { message: expect.stringContaining("heartbeat_interval"), where: { line: 2 } },
      ],
    });
  });
});
