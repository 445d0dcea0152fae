import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, type Bench } from "./support/gantry.ts";
import { LOCAL_MACHINE } from "./support/sites.ts";

/** Canaries are planted wherever values are kept; none may come out in a support bundle. */

const execute = promisify(execFile);
const CANARY = "canary7f3a";

let bench: Bench;
const place = (name: string): string => join(bench.folder, name);

beforeAll(() => {
  bench = createBench();
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

/** Unpacks it; every file by its name. */
async function unpacked(file: string): Promise<Record<string, string>> {
  const folder = place(`${file}.unpacked`);
  mkdirSync(folder);
  await execute("tar", ["-xzf", place(file), "--strip-components=1", "-C", folder]);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

const SITE = `
design: canaries
sites:
  lab: { variables: { password: ${CANARY}-site } }
address_blocks:
  loop: { site: lab, subnet: 127.142.0.0/24 }
blueprints:
  ${LOCAL_MACHINE}
  server:
    builds: structure
    foundation_blueprints: [machine]
    variables: { key: ${CANARY}-blueprint }
    scripts:
      create: |
        agent.run( command="echo ${CANARY}-output; echo ${CANARY}-error >&2; exit 1" )
structures:
  web1:
    site: lab
    blueprint: server
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
    variables: { token: ${CANARY}-structure }
`;

describe.sequential("gantry support-bundle", () => {
  it("tells what helps, and nothing that is secret", async () => {
    writeFileSync(place("site.yaml"), SITE);
    const environment = { GANTRY_CANARY: `${CANARY}-environment`, DOCKER_HOST: `tcp://${CANARY}-docker:1` };
    const built = await bench.gantry(["up", "site.yaml", "--yes"], environment);
    expect(built.error).toContain("failed");
    expect((await bench.gantry(["structure", "set", "web1", `other=${CANARY}-set`])).code).toBe(0);
    await bench.gantry(["exec", "--target", "web1", `echo ${CANARY}-exec`]);
    appendFileSync(
      join(bench.dataFolder, "server.log"),
      `${JSON.stringify({ level: "error", error: `${CANARY}-log`, msg: "publishing names failed" })}\n${CANARY}-line\n`,
    );
    const secrets = [
      readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim(),
      ...readdirSync(join(bench.dataFolder, "tls"))
        .filter((name) => name.includes("key"))
        .flatMap((name) =>
          readFileSync(join(bench.dataFolder, "tls", name), "utf8")
            .split("\n")
            .slice(1, 3),
        ),
      JSON.parse((await bench.gantry(["join-token", "-o", "json"])).out).token as string,
    ].filter((text) => text.length > 10);
    expect(secrets.length).toBeGreaterThan(2);

    const end = await bench.gantry(["support-bundle", "--out", "bundle.tgz"]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect(statSync(place("bundle.tgz")).mode & 0o777).toBe(0o600);
    const files = await unpacked("bundle.tgz");
    const all = Object.values(files).join("\n");
    expect(all).not.toContain(CANARY);
    for (const secret of secrets) expect(all).not.toContain(secret);

    expect(Object.keys(files).toSorted()).toEqual([
      "README.md",
      "errors.log",
      "health.json",
      "jobs.json",
      "metrics.txt",
      "nodes.json",
      "server.log",
      "settings.json",
      "tables.json",
      "versions.json",
    ]);
    for (const name of Object.keys(files))
      if (name !== "README.md") expect(files["README.md"]).toContain(`\`${name}\``);
    expect(JSON.parse(files["health.json"]!)).toMatchObject({ ready: true, database: "sqlite" });
    expect(JSON.parse(files["tables.json"]!)).toMatchObject({ rows: { structure: 1, site: 1 } });
    expect(JSON.parse(files["jobs.json"]!).newest).toContainEqual(
      expect.objectContaining({ status: "failed", failure: expect.stringMatching(/^[a-z_]+$/) }),
    );
    expect(JSON.parse(files["nodes.json"]!).map((node: { name: string }) => node.name)).toContain("web1");
    expect(files["server.log"]).toContain('"msg":"server started"');
    expect(files["errors.log"]).toContain("publishing names failed");
    expect(files["metrics.txt"]).toContain("gantry_");
  });

  it("tells what it can while no server runs", async () => {
    expect((await bench.gantry(["server", "stop"])).code).toBe(0);
    const end = await bench.gantry(["support-bundle", "--out", "offline.tgz"]);
    expect([end.code, end.error]).toEqual([0, expect.stringContaining("No server runs")]);
    const files = await unpacked("offline.tgz");
    expect(Object.values(files).join("\n")).not.toContain(CANARY);
    expect(Object.keys(files).toSorted()).toEqual(["README.md", "errors.log", "server.log", "versions.json"]);
    expect(files["server.log"]).toContain('"msg":"server stopped"');
  });
});
