import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, createBench, ROOT, type Running } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";

// Verbs of one's own, as a user registers and runs them: by a server and two agents.

const KEY = "for the verbs of one's own";
const NODES = ["one", "two"];

describe("verbs of one's own", () => {
  let bench: Bench;
  const agents: Running[] = [];
  let site: string;

  beforeAll(async () => {
    bench = createBench();
    const address = `127.0.0.1:${await freePort()}`;
    const server = bench.start(["server", "run"], { GANTRY_SHARED_KEY: KEY, GANTRY_LISTEN: address });
    await server.printed(/Listening on/);
    for (const name of NODES) {
      agents.push(
        bench.start(["agent", "--state", join(bench.folder, name), "--home", home(name), "--name", name], {
          GANTRY_CONFIG: "/dev/null",
          GANTRY_SERVER_ADDRESS: address,
          GANTRY_SHARED_KEY: KEY,
        }),
      );
    }
    await Promise.all(agents.map((agent) => agent.printed(/connected to the server/)));
    cpSync(join(ROOT, "examples/verbs"), join(bench.folder, "verbs-example"), { recursive: true });
    site = join(bench.folder, "verbs-example/site.yaml");
  });
  afterAll(async () => {
    for (const { child, ended } of agents) {
      child.kill("SIGTERM");
      await ended;
    }
    expect(await bench.clear()).toEqual([]);
  });

  const home = (name: string): string => join(bench.folder, `${name}-home`);

  async function gantry(...args: readonly string[]): Promise<string> {
    const { code, out, error } = await bench.gantry(args);
    expect(code, out + error).toBe(0);
    return out + error;
  }

  async function refused(...args: readonly string[]): Promise<string> {
    const { code, out, error } = await bench.gantry(args);
    expect(code, out + error).not.toBe(0);
    return out + error;
  }

  it("are checked, planned and run from a folder beside an orchestration, on every node", async () => {
    expect(await gantry("orchestrate", site, "--check")).toMatch(/GREET --times 2/);
    expect(await gantry("verb", "list")).toMatch(/There are no verbs of your own/);
    const planned = await gantry("orchestrate", site, "--plan");
    expect(planned).toMatch(/verb GREET is registered, version 1 \(greet\.mjs\)/);
    expect(planned).toMatch(/\+ ?Welcome to world/);
    const ran = await gantry("orchestrate", site);
    expect(ran.match(/HELLO, WORLD!/g)).toHaveLength(4);
    for (const name of NODES) expect(readFileSync(join(home(name), "motd.txt"), "utf8")).toBe("Welcome to world\n");
    expect(await gantry("verb", "list")).toMatch(/GREET +1 +greet\.mjs[^]*MOTD +1 +motd/);
    expect(await gantry("audit", "list", "-o", "json")).toMatch(/verb\.created/);
  });

  it("are registered by hand, and replaced when the file changed", async () => {
    const file = join(bench.folder, "verbs-example/verbs/greet.mjs");
    expect(await gantry("verb", "add", file)).toMatch(/registered already, version 1/);
    writeFileSync(file, readFileSync(file, "utf8").replace("Hello", "Good day"));
    expect(await gantry("verb", "add", file)).toMatch(/registered, version 2/);
    expect(await gantry("exec", "--verb", "GREET", "you")).toMatch(/Good day, you!/);
    expect(await gantry("verb", "show", "greet")).toMatch(/--times <integer> {2}How often \(default: 1\)/);
  });

  it("are written in TypeScript, too", async () => {
    const file = join(bench.folder, "count.ts");
    writeFileSync(
      file,
      'export const verb = { name: "COUNT", summary: "Counts", options: { to: { type: "integer", required: true } },\n' +
        "  apply({ options }: { options: { to: number } }): object { console.log(options.to); return { changed: false }; } };\n",
    );
    await gantry("verb", "add", file);
    expect(await gantry("exec", "--target", "one", "--verb", "COUNT", "--to 42")).toMatch(/42/);
  });

  it("have their options checked before anything runs", async () => {
    expect(await refused("exec", "--verb", "GREET", "--times none you")).toMatch(/--times none is not a whole/);
    expect(await refused("exec", "--verb", "GREET", "--tmes 2 you")).toMatch(/did you mean --times\?/);
    expect(await refused("exec", "--verb", "GREET", "--times 2")).toMatch(/needs a text: Who is greeted/);
  });

  it("fail with what they say", async () => {
    expect(await refused("exec", "--verb", "MOTD", "--file /nowhere/motd hello")).toMatch(
      /MOTD: \/nowhere\/motd cannot be written/,
    );
  });

  it("are refused by a node on which somebody changed them, and fetched anew", async () => {
    expect(await gantry("exec", "--verb", "GREET", "you")).toMatch(/Good day, you!/);
    const cache = join(bench.folder, "one/verbs");
    for (const entry of readdirSync(cache)) {
      const names = readdirSync(join(cache, entry));
      if (names.includes("greet.mjs")) appendFileSync(join(cache, entry, "greet.mjs"), "\nconsole.log('intruder');\n");
    }
    const said = await refused("exec", "--verb", "GREET", "you");
    expect(said).toMatch(/greet\.mjs was changed on this node/);
    expect(said).not.toMatch(/intruder/);
    // The other node did it.
    expect(said).toMatch(/Good day, you!/);
    const again = await gantry("exec", "--verb", "GREET", "you");
    expect(again.match(/Good day, you!/g)).toHaveLength(2);
    expect(again).not.toMatch(/intruder/);
  });

  it("go when they are removed", async () => {
    await gantry("verb", "remove", "GREET", "--yes");
    expect(await refused("exec", "--verb", "GREET", "you")).toMatch(/there is no verb GREET/);
    expect(await refused("verb", "show", "GREET")).toMatch(/custom_verb_unknown/);
  });

  it("do not take the names of verbs that come with Gantry, nor say nonsense of themselves", async () => {
    const file = join(bench.folder, "bad.mjs");
    writeFileSync(file, 'export const verb = { name: "RUN", summary: "x", options: { timeout: {} }, apply() {} };');
    const said = await refused("verb", "add", file);
    expect(said).toMatch(/there is a verb RUN already/);
    expect(said).toMatch(/every verb has an option --timeout/);
    writeFileSync(file, "export const other = 1;");
    expect(await refused("verb", "add", file)).toMatch(/it exports no verb/);
  });
});
