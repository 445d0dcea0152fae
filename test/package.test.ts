import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// What is published is installed as a user does it, in an empty folder, and used.

const root = join(import.meta.dirname, "..");
const MINUTES = 60_000;

interface Outcome {
  readonly code: number | string;
  readonly out: string;
  readonly error: string;
}

let home: string;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };
let gantry: string;

function run(
  command: string,
  parameters: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, parameters, { cwd, env: environment, maxBuffer: 64 * 2 ** 20 }, (failure, out, error) => {
      resolve({ code: failure?.code ?? 0, out, error });
    });
  });
}

/** A PATH on which every Node says that it is an old one: the package must bring its own. */
function environmentWithOldNode(): NodeJS.ProcessEnv {
  const tools = join(home, "old");
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, "node"), "#!/bin/sh\necho v20.0.0\nexit 1\n", { mode: 0o755 });
  return { HOME: home, PATH: `${tools}:/usr/local/bin:/usr/bin:/bin`, NO_COLOR: "1" };
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "gantry-package-"));
  const packing = await run("npm", ["pack", "--json", "--silent", "--pack-destination", home], root);
  expect(packing.code, packing.error).toBe(0);
  [packed] = JSON.parse(packing.out.slice(packing.out.indexOf("["))) as [typeof packed];
  const installing = await run(
    "npm",
    ["install", "--prefix", home, "--no-audit", "--no-fund", "--prefer-offline", join(home, packed.filename)],
    home,
  );
  expect(installing.code, installing.error).toBe(0);
  gantry = join(home, "node_modules/.bin/gantry");
}, 10 * MINUTES);

afterAll(() => rm(home, { recursive: true, force: true }));

describe("the published package", () => {
  it("holds the program, the examples and the documents, and no source or test", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      "dist/gantry",
      "dist/main.js",
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "examples/quickstart/site.yaml",
    ]) {
      expect(paths).toContain(path);
    }
    const foreign = paths.filter(
      (path) => !/^(dist|examples|docs)\/|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/.test(path),
    );
    expect(foreign).toEqual([]);
    expect(paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
  });

  it("runs under the Node it brings, whatever the machine has", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(await run(gantry, ["--version"], home, environmentWithOldNode())).toEqual({
      code: 0,
      out: `${version}\n`,
      error: "",
    });
  });

  it("has a client that TypeScript knows, and that says what is wrong", async () => {
    writeFileSync(
      join(home, "use.mts"),
      `import { createClient, GantryError, type GantryClient } from "gantry/client";
const client: GantryClient = createClient({ dataFolder: "nowhere" });
try {
  for await (const structure of client.structures.list({ site: "lab" })) console.log(structure.name.length);
} catch (error) {
  if (!(error instanceof GantryError)) throw error;
  console.log(error.code);
}
// @ts-expect-error There is no such filter.
client.structures.list({ colour: "red" });
`,
    );
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", ""];
    const compiled = await run(join(root, "node_modules/.bin/tsc"), [...options, "use.mts"], home);
    // The compiler's own library has no console without Node's or a browser's types.
    const problems = compiled.out.split("\n").filter((line) => line !== "" && !line.includes("'console'"));
    expect(problems).toEqual([]);
    const used = await run(process.execPath, ["use.mts"], home);
    expect([used.code, used.out.trim()], used.error).toEqual([0, "server_not_running"]);
  });

  it("checks scripts", async () => {
    writeFileSync(join(home, "good.t"), `message( msg="hello" )\n`);
    writeFileSync(join(home, "bad.t"), `begin( colour="red" )\nend\n`);
    expect((await run(gantry, ["tscript", "check", "good.t"], home, environmentWithOldNode())).code).toBe(0);
    const bad = await run(gantry, ["tscript", "check", "bad.t"], home, environmentWithOldNode());
    expect(bad.code).not.toBe(0);
    expect(bad.out + bad.error).toMatch(/bad\.t:1:\d+: .*colour.*\(tscript_block_option\)/);
  });

  it(
    "builds the quickstart site, exports it for Ansible, and takes it down again",
    async () => {
      const site = join(home, "site");
      cpSync(join(home, "node_modules/gantry/examples/quickstart"), site, { recursive: true });
      // Addresses of its own, so that a quickstart that runs on this machine is not in the way.
      const document = join(site, "site.yaml");
      writeFileSync(document, readFileSync(document, "utf8").replaceAll("127.80.0.", "127.88.0."));
      const environment = { ...environmentWithOldNode(), GANTRY_DATA: join(home, "data") };
      try {
        const up = await run(gantry, ["up", "--yes", site], home, environment);
        expect(up.code, up.out + up.error).toBe(0);
        const answer = await fetch("http://127.88.0.100:8080/");
        expect(await answer.text()).toContain("from web");
        // It is made in a thread, whose file is a bundle of its own.
        const inventory = join(home, "inventory.json");
        const exporting = ["inventory", "export", "--format", "json", "--out", inventory];
        const exported = await run(gantry, exporting, home, environment);
        expect(exported.code, exported.out + exported.error).toBe(0);
        const { _meta: meta } = JSON.parse(readFileSync(inventory, "utf8")) as {
          readonly _meta: { readonly hostvars: object };
        };
        expect(Object.keys(meta.hostvars)).toEqual(["balancer", "web1", "web2", "web3"]);
      } finally {
        const down = await run(gantry, ["down", "--purge", "--yes"], home, environment);
        expect(down.code, down.out + down.error).toBe(0);
      }
    },
    5 * MINUTES,
  );
});
