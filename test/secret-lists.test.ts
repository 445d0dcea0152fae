import { spawn } from "node:child_process";
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, createBench, processesOf } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";
import { LOCAL_MACHINE } from "./support/sites.ts";

/**
 * A list of verbs of which one was filled in with a secret, on an agent that is killed in the middle. No node keeps such a list: the agent says how
 * far it came, and the server gives it the rest once more.
 */

const VALUE = "open-sesame-4711";

const SITE = `
design: lists
tenant: { variables: { token: { $secret: token } } }
sites: { lab: {} }
address_blocks: { loop: { site: lab, subnet: 127.167.0.0/24 } }
blueprints:
  ${LOCAL_MACHINE}
  bare: { builds: structure, foundation_blueprints: [machine], scripts: { create: "" } }
structures:
  web1:
    site: lab
    blueprint: bare
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
`;

describeReal([], "a list with a secret", () => {
  let bench: Bench;

  beforeAll(() => {
    bench = createBench();
  });
  afterAll(async () => {
    await bench.gantry(["down", "--purge", "--yes"]);
    expect(await bench.clear()).toEqual([]);
  });

  async function ok(...words: readonly string[]): Promise<string> {
    const { code, out, error } = await bench.gantry(words);
    expect([words, code], out + error).toEqual([words, 0]);
    return out;
  }

  function write(name: string, text: string): string {
    const path = join(bench.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Kills the agent and starts it again as it was. */
  function restartAgent(): void {
    const [agent, ...others] = processesOf(bench.folder).filter(({ command }) => /main\.js agent/.test(command));
    expect(others).toEqual([]);
    const { pid } = agent!;
    const [words, variables] = ["cmdline", "environ"].map((name) =>
      readFileSync(`/proc/${pid}/${name}`, "utf8").split("\0").slice(0, -1),
    );
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    process.kill(pid, "SIGKILL");
    const env = Object.fromEntries(variables!.map((one) => one.split(/=(.*)/s).slice(0, 2) as [string, string]));
    spawn(words![0]!, words!.slice(1), { cwd, env, detached: true, stdio: "ignore" }).unref();
  }

  it("goes on where its agent was killed in a verb that may run again, and does nothing twice", async () => {
    const ledger = join(bench.folder, "ledger");
    const gate = join(bench.folder, "gate");
    await ok("server", "start");
    await ok("secret", "set", "token", "--kind", "text", "--value-file", write("value", VALUE));
    await ok("up", "--yes", write("site.yaml", SITE));
    const jobs = [
      { RUN: `echo first {{ token }} >> ${ledger}` },
      { WAIT: `--cmd --retry 600 --retry-wait 0.1 test -e ${gate}` },
      { RUN: `echo last {{ token }} >> ${ledger}; echo said {{ token }}` },
    ];
    const file = write("list.yaml", JSON.stringify([{ targets: ["web1"], jobs }]));
    const run = (await ok("orchestrate", "--detach", file)).trim();
    const lines = (): string => {
      try {
        return readFileSync(ledger, "utf8");
      } catch {
        return "";
      }
    };
    await expect.poll(lines).toBe(`first ${VALUE}\n`);
    restartAgent();
    write("gate", "");
    await expect.poll(() => ok("run", "show", run, "-o", "json"), { timeout: 60_000 }).toMatch(/"status": "done"/);
    expect(lines()).toBe(`first ${VALUE}\nlast ${VALUE}\n`);
    const output = await ok("run", "output", run);
    expect(output).toMatch(/said \[secret token\]/);
    expect(output).not.toContain(VALUE);
  });
});
