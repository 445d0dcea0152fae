import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, fetchPage, processesOf, type Bench } from "./support/gantry.ts";

/** What a newcomer does, in its order, with the command as it is in the checkout. */

let bench: Bench;
let site: string;
const file = (): string => join(site, "site.yaml");

beforeAll(() => {
  bench = createBench();
  site = bench.example("quickstart", "127.131");
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

function edit(from: string | RegExp, to: string): void {
  const before = readFileSync(file(), "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file(), after);
}

/** The balancer's answers, as many as there are webs, by who gave them. */
async function answersOf(count: number): Promise<string[]> {
  const names: string[] = [];
  for (let asked = 0; asked < count; asked += 1) names.push((await fetchPage("127.131.0.100"))?.servedBy ?? "none");
  return names.sort();
}

function servicePid(structure: string): number {
  const folder = join(bench.dataFolder, "foundations", structure, "state", "services");
  const record = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .find((text) => text.includes('"pid"'));
  return Number(/"pid":\s*(\d+)/.exec(record ?? "")?.[1]);
}

describe.sequential("gantry up examples/quickstart", () => {
  it("builds three webs and a balancer that answers from each in turn", async () => {
    const end = await bench.gantry(["up", site]);
    expect(end.error).toBe("");
    expect(end.code).toBe(0);
    expect(end.out).toContain("14 to create");
    expect(end.out).toMatch(/STRUCTURE +BLUEPRINT +ADDRESS +STATE +TIME/);
    for (const line of [/^web1 +web +127\.131\.0\.\d+ +built/m, /^balancer +balancer +127\.131\.0\.100 +built/m])
      expect(end.out).toMatch(line);
    expect(await answersOf(3)).toEqual(["web1", "web2", "web3"]);
    const page = await fetchPage("127.131.0.100");
    expect(page?.text).toMatch(/<h1>(Hello|Welcome) from web\d<\/h1>/);
  });

  it("keeps its data for the owner alone", () => {
    expect(statSync(bench.dataFolder).mode & 0o077).toBe(0);
    const open = readdirSync(bench.dataFolder).filter(
      (name) => (lstatSync(join(bench.dataFolder, name)).mode & 0o077) !== 0,
    );
    expect(open).toEqual([]);
  });

  it("says that nothing changed", async () => {
    const end = await bench.gantry(["up", site]);
    expect(end).toMatchObject({ code: 0, error: "" });
    expect(end.out).toMatch(/no changes/i);
  });

  it("shows what there is", async () => {
    const structures = await bench.gantry(["get", "structures"]);
    expect(structures.out).toMatch(/^web3 +quickstart +web /m);
    const nodes = await bench.gantry(["get", "nodes", "-o", "json"]);
    expect(JSON.parse(nodes.out).map((node: { name: string }) => node.name)).toEqual(
      expect.arrayContaining(["web1", "web2", "web3", "balancer"]),
    );
    const explained = await bench.gantry(["structure", "vars", "web3", "--explain"]);
    expect(explained.out).toMatch(/^greeting +"Welcome" +structure web3 +site quickstart: "Hello"/m);
    const jobs = await bench.gantry(["get", "jobs", "-o", "json"]);
    const job = JSON.parse(jobs.out).find(
      (one: { target: { name: string; kind: string } }) =>
        one.target.name === "web1" && one.target.kind === "structure",
    );
    const log = await bench.gantry(["job", "log", job.id]);
    expect(log.out).toContain("agent.service");
  });

  it("runs commands on the nodes, and keeps their exit codes", async () => {
    const end = await bench.gantry([
      "exec",
      "--target",
      "web1",
      "--target",
      "web2",
      "echo  'two  blanks'; echo err >&2",
    ]);
    expect(end.code).toBe(0);
    expect(
      end.out
        .split("\n")
        .filter((line) => line !== "")
        .sort(),
    ).toEqual(["web1 | two  blanks", "web2 | two  blanks"]);
    expect(end.error).toContain("web1 | err");
    const failed = await bench.gantry(["exec", "--target", "web1", "exit 3"]);
    expect(failed.code).toBe(1);
    expect(failed.error).toContain("exit code 3");
    const cut = await bench.gantry(["exec", "--target", "web1", "--timeout 1 sleep 1000"]);
    expect([cut.code, cut.error]).toEqual([1, expect.stringContaining("web1 | failed")]);
    expect((await bench.gantry(["exec", "--target", "web1", "two", "texts"])).error).toMatch(
      /too many arguments|exec takes one text/,
    );
    const unknown = await bench.gantry(["exec", "--target", "wbe1", "true"]);
    expect(unknown.error).toContain("did you mean 'web1'?");
  });

  it("sends files to the nodes", async () => {
    writeFileSync(join(bench.folder, "note.txt"), "a note\n");
    expect((await bench.gantry(["exec", "--target", "web1", "--verb", "ADD", "note.txt note.txt"])).code).toBe(0);
    const shown = await bench.gantry(["exec", "--target", "web1", "cat note.txt"]);
    expect(shown.out).toBe("web1 | a note\n");
  });

  it("repairs a web that was killed by hand", async () => {
    process.kill(servicePid("web2"), "SIGKILL");
    const end = await bench.gantry(["up", site]);
    expect(end.code).toBe(0);
    expect(end.out).toMatch(/web2.*web.*(not running|stopped|failed)/);
    expect(end.out).toContain("1 to repair; 13 unchanged");
    expect(await answersOf(3)).toEqual(["web1", "web2", "web3"]);
  });

  it("changes only what an edit changes", async () => {
    edit("greeting: Hello", "greeting: Good day");
    const end = await bench.gantry(["up", site]);
    expect(end.code).toBe(0);
    expect(end.out).toContain("greeting");
    expect((await fetchPage("127.131.0.100"))?.status).toBe(200);
    const texts = new Set<string>();
    for (let asked = 0; asked < 3; asked += 1)
      texts.add((await fetchPage("127.131.0.100"))?.text.match(/<h1>(.*)<\/h1>/)?.[1] ?? "");
    expect([...texts].sort()).toEqual(["Good day from web1", "Good day from web2", "Welcome from web3"]);
  });

  it("tells the balancer of a new web", async () => {
    edit(
      /( {2}balancer:\n {4}site:)/,
      "  web4:\n    site: quickstart\n    blueprint: web\n    foundation: *machine\n    addresses: [{ block: loopback }]\n$1",
    );
    const end = await bench.gantry(["up", site]);
    expect(end.code).toBe(0);
    expect(end.out).toContain("members of blueprint web");
    expect(await answersOf(4)).toEqual(["web1", "web2", "web3", "web4"]);
  });

  it("shows what somebody else changed as a conflict, and leaves it", async () => {
    expect((await bench.gantry(["structure", "set", "web1", "greeting=Moin"])).code).toBe(0);
    const end = await bench.gantry(["up", site]);
    expect(end.code).toBe(0);
    expect(end.out).toMatch(/web1.*changed by somebody else/);
    const vars = await bench.gantry(["structure", "vars", "web1", "-o", "json"]);
    expect(JSON.parse(vars.out).greeting).toBe("Moin");
  });

  it("destroys what is no longer in the file only when told to", async () => {
    edit(/ {2}web4:\n(?: {4}.*\n)+/, "");
    const refused = await bench.gantry(["up", site]);
    expect(refused.code).toBe(2);
    expect(refused.error).toContain("confirmation_needed");
    expect(await answersOf(4)).toEqual(["web1", "web2", "web3", "web4"]);
    const end = await bench.gantry(["up", site, "--yes"]);
    expect(end.code).toBe(0);
    expect(await answersOf(3)).toEqual(["web1", "web2", "web3"]);
    expect(existsSync(join(bench.dataFolder, "foundations", "web4"))).toBe(false);
  });

  it("goes on after the server was stopped", async () => {
    expect((await bench.gantry(["server", "stop"])).code).toBe(0);
    expect((await bench.gantry(["server", "status"])).code).toBe(1);
    expect(await answersOf(3)).toEqual(["web1", "web2", "web3"]);
    const end = await bench.gantry(["up", site]);
    expect(end.code).toBe(0);
    expect(end.out).toMatch(/no changes|somebody else/i);
  });

  it("leaves no process and no file behind", async () => {
    const end = await bench.gantry(["down", "--purge", "--yes"]);
    expect(end.error).toBe("");
    expect(end.code).toBe(0);
    expect(existsSync(bench.dataFolder)).toBe(false);
    expect(processesOf(bench.dataFolder)).toEqual([]);
    expect(await fetchPage("127.131.0.100")).toBeUndefined();
  });
});
