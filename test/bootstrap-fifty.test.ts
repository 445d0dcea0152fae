import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endLaunched } from "./support/agent-folder.ts";
import { type Bench, createBench, type Ended } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";
import { describeReal } from "./support/real.ts";
import { type SshServer, startSshServer } from "./support/sshd.ts";

// Fifty machines at once: addresses of a network of the test's own, with one server of SSH behind them all.

const NETWORK = "127.151.0";
const COUNT = 50;
/** Which of them is what; all others are as they should be. */
const [OTHER_KEY, NOT_KNOWN, NO_ENTRY, NOBODY_THERE] = [7, 17, 27, 37];

describeReal("sshd", "gantry bootstrap of many", () => {
  let bench: Bench;
  let machine: SshServer;
  let words: readonly string[];

  beforeAll(async () => {
    bench = createBench();
    machine = await startSshServer({
      listen: "0.0.0.0",
      settings: [`MaxStartups ${4 * COUNT}`, `Match LocalAddress ${NETWORK}.${NO_ENTRY}`, "  AuthorizedKeysFile none"],
    });
    const path = (name: string): string => join(bench.folder, name);
    writeFileSync(path("key"), machine.key, { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path("other")]);
    const other = readFileSync(path("other.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const lines = numbers()
      .filter((number) => number !== NOT_KNOWN)
      .map((number) => `[${hostOf(number)}]:${machine.port} ${number === OTHER_KEY ? other : machine.hostKey}\n`);
    writeFileSync(path("known_hosts"), lines.join(""));
    words = ["-o", "json", "--key", path("key"), "--known-hosts", path("known_hosts")];
    const server = bench.start(["server", "run"], { GANTRY_LISTEN: `127.0.0.1:${await freePort()}` });
    await server.printed(/Listening on/);
  });
  afterAll(async () => {
    await machine.stop();
    expect(await bench.clear()).toEqual([]);
  });

  function numbers(): number[] {
    return Array.from({ length: COUNT }, (_none, index) => index + 1);
  }

  function hostOf(number: number): string {
    return `${NETWORK}.${number}`;
  }

  async function run(catalogue: object, ...more: string[]): Promise<Ended> {
    const path = join(bench.folder, "catalogue.yaml");
    writeFileSync(path, JSON.stringify(catalogue));
    return bench.gantry(["bootstrap", path, ...words, ...more], { SSH_AUTH_SOCK: "" });
  }

  function rows({ out }: Ended): { host: string; result: string; said: string }[] {
    return JSON.parse(out) as { host: string; result: string; said: string }[];
  }

  function targets(): object[] {
    return numbers().map((number) => ({
      host: hostOf(number),
      // The discard service: nobody offers it.
      port: number === NOBODY_THERE ? 9 : machine.port,
    }));
  }

  it("works on all at the same time; each that fails says why, and holds up no other", async () => {
    const folder = join(bench.folder, "together");
    mkdirSync(folder);
    // Each waits until all that get so far are there.
    const wait = `echo {{ host }} >${folder}/{{ host }}; n=0
      while [ "$(ls ${folder} | wc -l)" -lt ${COUNT - 4} ]; do n=$((n + 1)); [ $n -lt 600 ] || exit 9; sleep 0.1; done`;
    const ended = await run({ servers: { targets: targets(), jobs: [{ RUN: wait }] } });
    expect(ended.code, ended.error).toBe(1);
    expect(readdirSync(folder)).toHaveLength(COUNT - 4);
    const all = rows(ended);
    // In the order of the catalogue, whichever ended first.
    expect(all.map(({ host }) => host)).toEqual(numbers().map(hostOf));
    const failed = all.filter(({ result }) => result !== "done");
    expect(Object.fromEntries(failed.map(({ host, result, said }) => [host, `${result}: ${said}`]))).toEqual({
      [hostOf(OTHER_KEY)]: expect.stringMatching(/^failed: .*shows another host key than is known: SHA256:/),
      [hostOf(NOT_KNOWN)]: expect.stringMatching(/^failed: .*shows a host key that is not known: SHA256:/),
      [hostOf(NO_ENTRY)]: expect.stringMatching(/^failed: .*lets nobody in with these keys/),
      [hostOf(NOBODY_THERE)]: expect.stringMatching(/^failed: .*port 9: connect ECONNREFUSED/),
    });
    expect(ended.error.match(/: done\n/g)).toHaveLength(COUNT - 4);
  });

  it("works on no more at once than it is told", async () => {
    const folder = join(bench.folder, "few");
    mkdirSync(folder);
    const count = `touch ${folder}/{{ host }}; ls ${folder} | wc -l >>${bench.folder}/counts; sleep 0.05; rm ${folder}/{{ host }}`;
    const few = targets()
      .slice(0, 16)
      .filter((_one, index) => index + 1 !== OTHER_KEY);
    const ended = await run({ servers: { targets: few, jobs: [{ RUN: count }] } }, "--parallel", "3");
    expect(ended.code, ended.out).toBe(0);
    const counts = readFileSync(join(bench.folder, "counts"), "utf8").trim().split("\n").map(Number);
    expect(counts).toHaveLength(15);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
  });

  it("gives one name to one machine, and says it before anything is copied", async () => {
    const folders = [1, 2].map((number) => join(bench.folder, `machine ${number}`));
    const two = folders.map((folder, index) => ({
      host: hostOf(index + 1),
      port: machine.port,
      folder,
      systemd: false,
    }));
    try {
      const ended = await run({ agents: { targets: two } });
      const all = rows(ended);
      expect(all.map(({ result }) => result).sort(), ended.out).toEqual(["failed", "installed"]);
      const refused = all.findIndex(({ result }) => result === "failed");
      expect(all[refused]?.said).toMatch(
        new RegExp(`${hostOf(2 - refused)} has the name .* too: .*\\(bootstrap_name_taken\\)`),
      );
      expect(() => readdirSync(folders[refused] ?? "")).toThrow(/ENOENT/);
      // A name that somebody else had before is refused as well.
      const later = await run({ agents: { targets: [two[refused]] } });
      expect(rows(later)[0]?.said).toMatch(/a node named .* has joined before.*\(bootstrap_name_taken\)/);
    } finally {
      await Promise.all(folders.map(endLaunched));
    }
  });
});
