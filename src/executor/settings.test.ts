import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasJoined } from "./identity.ts";
import { agentConfiguration, workerConfiguration } from "./settings.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-settings-"));
  file = join(folder, "config.yaml");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("settings of agents and workers", () => {
  it("come from switches before the environment before the file, which the server's may stand in too", async () => {
    writeFileSync(
      file,
      "---\nheartbeat_interval: 1\ndebug: true\nlisten: :7411\nserver_address: [a, b:1]\nshared_key: secrete\n",
    );
    const environment: NodeJS.ProcessEnv = { GANTRY_CONFIG: file };
    expect(await agentConfiguration({}, environment)).toEqual({
      state: "/var/lib/gantry-agent",
      home: "/",
      transport: "auto",
      heartbeat: 1000,
      logLevel: "debug",
      shared: { urls: ["https://a:7411", "https://b:1"], key: "secrete" },
    });
    const stronger = { ...environment, GANTRY_HEARTBEAT_INTERVAL: "2", GANTRY_LOG_LEVEL: "warn" };
    expect(await agentConfiguration({ heartbeat_interval: "3" }, stronger)).toMatchObject({
      heartbeat: 3000,
      logLevel: "warn",
    });
    // Workers join by tokens alone.
    expect(await workerConfiguration({ modules: "docker,net" }, environment)).toEqual({
      state: "/var/lib/gantry-worker",
      transport: "auto",
      heartbeat: 1000,
      logLevel: "debug",
      modules: ["docker", "net"],
    });
  });

  it("that are secret are taken out of the environment", async () => {
    const environment = {
      GANTRY_CONFIG: "/dev/null",
      GANTRY_SERVER_ADDRESS: "a",
      GANTRY_SHARED_KEY: "k",
      GANTRY_JOIN_TOKEN: "t",
    };
    const { join: wish, shared } = await agentConfiguration({ name: "n" }, environment);
    expect([wish, shared]).toEqual([
      { urls: ["https://a:7411"], token: "t", name: "n" },
      { urls: ["https://a:7411"], key: "k" },
    ]);
    expect(Object.keys(environment)).toEqual(["GANTRY_CONFIG", "GANTRY_SERVER_ADDRESS"]);
  });

  it("with a token in the file are for who has none: agents that drivers make read the same file", async () => {
    writeFileSync(file, "server_address: a\njoin_token: t\n");
    const made = await agentConfiguration({}, { GANTRY_CONFIG: file });
    expect(made).toMatchObject({ joinOnce: { urls: ["https://a:7411"], token: "t" } });
    expect(made).not.toHaveProperty("join");
    expect(await hasJoined(folder)).toBe(false);
    writeFileSync(join(folder, "join.json"), "{}");
    expect(await hasJoined(folder)).toBe(true);
  });

  it("are refused when there is something to join with and no server", async () => {
    await expect(agentConfiguration({ join_token: "t" }, { GANTRY_CONFIG: "/dev/null" })).rejects.toMatchObject({
      code: "joining_incomplete",
    });
    await expect(
      agentConfiguration({ server_address: "ftp://a" }, { GANTRY_CONFIG: "/dev/null" }),
    ).rejects.toMatchObject({ code: "configuration_invalid" });
  });
});
