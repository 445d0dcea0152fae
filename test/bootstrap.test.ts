import { createHash } from "node:crypto";
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClient } from "../src/client/index.ts";
import { putRelease } from "../src/executor/index.ts";
import { endLaunched, launcherPid } from "./support/agent-folder.ts";
import { type Bench, createBench, type Ended } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";
import { describeReal } from "./support/real.ts";
import { type SshServer, startSshServer } from "./support/sshd.ts";

// Three machines that have nothing but SSH (three servers of it, each with a folder of its own), and what is run on them then.

const NAMES = ["one", "two", "three"];

describeReal("sshd", "gantry bootstrap", () => {
  let bench: Bench;
  let machines: SshServer[];
  let keys: string[];
  let catalogue: string;
  let knownHosts: string;

  beforeAll(async () => {
    bench = createBench();
    machines = await Promise.all(NAMES.map(() => startSshServer()));
    keys = machines.flatMap(({ key }, index) => {
      const path = join(bench.folder, `key-${index}`);
      writeFileSync(path, key, { mode: 0o600 });
      return ["--key", path];
    });
    knownHosts = join(bench.folder, "known_hosts");
    writeFileSync(knownHosts, machines.map((one) => readFileSync(one.knownHosts, "utf8")).join(""));
    catalogue = join(bench.folder, "catalogue.yaml");
    const targets = NAMES.map((name, index) => ({
      host: "127.0.0.1",
      port: machines[index]!.port,
      username: machines[index]!.user,
      name,
      folder: folderOf(name),
      systemd: false,
    }));
    writeFileSync(join(bench.folder, "motd"), "welcome\n");
    const jobs = [
      { RUN: `echo '{{ greeting }}  twice' >> ${bench.folder}/ran` },
      { ADD: `motd ${bench.folder}/added/` },
      { GET: `${bench.folder}/added/motd got/` },
    ];
    // Director's words, and the values of a template beside them.
    writeFileSync(catalogue, JSON.stringify({ greeting: "hello", directord_clients: { targets, jobs } }));
    const server = bench.start(["server", "run"], { GANTRY_LISTEN: `127.0.0.1:${await freePort()}` });
    await server.printed(/Listening on/);
  });
  afterAll(async () => {
    for (const name of NAMES) await endLaunched(folderOf(name));
    await Promise.all(machines.map((one) => one.stop()));
    expect(await bench.clear()).toEqual([]);
  });

  function folderOf(name: string): string {
    return join(bench.folder, `machine ${name}`);
  }

  function run(...words: string[]): Promise<Ended> {
    return bench.gantry(["bootstrap", catalogue, ...keys, "--known-hosts", knownHosts, ...words], {
      SSH_AUTH_SOCK: "",
    });
  }

  function results({ out }: Ended): unknown[] {
    return (JSON.parse(out) as { node: string; result: string; said: string }[])
      .map(({ node, result }) => [node, result])
      .sort();
  }

  it("brings agents to three machines, which then run commands", async () => {
    const ended = await run("-o", "json");
    expect(ended.code, ended.out + ended.error).toBe(0);
    expect(results(ended)).toEqual(NAMES.map((name) => [name, "installed"]).sort());
    expect(ended.out).toMatch(/3 jobs; release, launcher, point, join, start; neither systemd nor OpenRC there/);
    const executed = await bench.gantry(["exec", "--verb", "RUN", "echo here"]);
    expect(executed.code, executed.out + executed.error).toBe(0);
    expect(executed.out.match(/here/g)).toHaveLength(3);
    expect(readFileSync(join(bench.folder, "ran"), "utf8")).toBe("hello  twice\n".repeat(3));
    expect(readFileSync(join(bench.folder, "got/motd"), "utf8")).toBe("welcome\n");
    for (const name of NAMES) {
      expect(statSync(join(folderOf(name), "state")).mode & 0o777).toBe(0o700);
      // The token is used up, and gone.
      expect(existsSync(join(folderOf(name), "state/join.json"))).toBe(false);
    }
  });

  it("changes nothing the second time, and mends what is missing", async () => {
    const pids = (): number[] => NAMES.map((name) => launcherPid(folderOf(name)));
    const before = pids();
    const again = await run("-o", "json");
    expect([again.code, results(again)]).toEqual([0, NAMES.map((name) => [name, "unchanged"]).sort()]);
    expect(pids()).toEqual(before);
    await endLaunched(folderOf("two"));
    writeFileSync(join(folderOf("three"), "gantry-agent"), "#!/bin/sh\nexit 1\n");
    const mended = await run("-o", "json");
    expect(results(mended)).toEqual([
      ["one", "unchanged"],
      ["three", "changed"],
      ["two", "changed"],
    ]);
    const tokens = await bench.gantry(["join-token", "list", "-o", "json"]);
    expect((JSON.parse(tokens.out) as unknown[]).length).toBe(3);
  });

  it("says for each machine why it failed, and does the others", async () => {
    writeFileSync(
      knownHosts,
      machines
        .slice(0, 2)
        .map((one) => readFileSync(one.knownHosts, "utf8"))
        .join(""),
    );
    const strict = await run();
    expect(strict.code).toBe(1);
    expect(strict.out).toMatch(/failed\s+.*shows a host key that is not known: SHA256:.*\(bootstrap_host_refused\)/);
    expect(strict.out.match(/unchanged/g)).toHaveLength(2);
    const accepting = await run("--accept-new");
    expect([accepting.code, accepting.error]).toEqual([0, expect.stringContaining("127.0.0.1 (three): unchanged")]);
    // It was kept: from now on it is known. Another key of a known machine is never taken.
    const lines = readFileSync(knownHosts, "utf8").trim().split("\n");
    expect(lines).toHaveLength(3);
    const [first = "", second = ""] = lines;
    writeFileSync(
      knownHosts,
      [`${first.split(" ")[0]} ${second.split(" ").slice(1).join(" ")}`, ...lines.slice(1)].join("\n"),
    );
    const another = await run("--accept-new");
    expect(another.code).toBe(1);
    expect(another.out).toMatch(/shows another host key than is known/);
  });

  it("makes agents that the server can upgrade; what went back is shown in the list", async () => {
    const path = folderOf("one");
    const release = readlinkSync(join(path, "current")).split("/").at(-1) ?? "";
    const place = join(path, "versions", release);
    const manifest = JSON.parse(readFileSync(join(place, "release.json"), "utf8")) as { program: string; node: string };
    const other = Buffer.concat([Buffer.from("globalThis.other = 1;\n"), readFileSync(join(place, "agent.mjs"))]);
    const program = createHash("sha256").update(other).digest("hex");
    const folder = { path, release, manifest };
    const put = await putRelease(
      folder,
      { ...manifest, program },
      {
        program: async function* () {
          yield other;
        },
      },
      60,
    );
    await again(path);
    expect((await bench.gantry(["node", "show", "one"])).out).toContain(put);
    const upgraded = await bench.gantry(["node", "upgrade", "one", "two"]);
    expect(upgraded.code, upgraded.out + upgraded.error).toBe(0);
    expect(upgraded.out).toMatch(new RegExp(`one +upgraded +${release}[^]*two +unchanged +${release}`));
    writeFileSync(join(path, "failed"), "0123456789ab ended with code 3\n");
    await again(path);
    const list = await bench.gantry(["node", "list"]);
    expect(list.out).toMatch(/one .*\(went back: release 0123456789ab ended with code 3\)/);
  });

  /** Ends the agent in a folder, which its launcher starts again. Resolves when it is back, and the server knows what it told. */
  async function again(path: string): Promise<void> {
    const stop = new AbortController();
    const client = createClient({ dataFolder: bench.dataFolder });
    const feed = client.events.follow({ type: "node.connected", signal: stop.signal });
    await feed.opened;
    process.kill(Number(/\d+/.exec(readFileSync(join(path, "state/lock"), "utf8"))?.[0]), "SIGTERM");
    for await (const { data } of feed) if ((data as { name: string }).name === "one") stop.abort();
    client.close();
  }

  it("refuses catalogues that are wrong before anything is done", async () => {
    const wrong = join(bench.folder, "wrong.yaml");
    writeFileSync(wrong, "agents:\n  targets:\n  - host: a\n    prot: 22\n");
    const refused = await bench.gantry(["bootstrap", wrong]);
    expect(refused.code).toBe(2);
    expect(refused.error).toMatch(/wrong\.yaml: agents\.targets\.0.*prot.*\(catalogue_invalid\)/s);
  });
});
