import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endLaunched, launcherPid } from "./support/agent-folder.ts";
import { type Bench, createBench, type Ended } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";
import { describeReal } from "./support/real.ts";
import { type SshAgent, startSshAgent } from "./support/ssh-agent.ts";
import { type SshUsers, startSshUsers } from "./support/ssh-users.ts";

// Who logs in how: ordinary users and sudo, keys in files and in an agent, host keys. One machine with users of its own.

describeReal(["sshd", "sudo", "namespaces"], "gantry bootstrap: who logs in", () => {
  let bench: Bench;
  let machine: SshUsers;
  let agent: SshAgent;
  let key: string;
  let knownHosts: string;

  beforeAll(async () => {
    bench = createBench();
    // Its users look into it.
    chmodSync(bench.folder, 0o755);
    machine = await startSshUsers(bench.folder, "ordinary", [
      { name: "ada", uid: 4201, sudo: "ALL=(ALL) NOPASSWD: ALL" },
      { name: "bob", uid: 4202, sudo: "ALL=(ALL) ALL" },
      { name: "eve", uid: 4203 },
    ]);
    key = join(bench.folder, "key");
    writeFileSync(key, machine.key, { mode: 0o600 });
    knownHosts = join(bench.folder, "known_hosts");
    writeFileSync(knownHosts, readFileSync(machine.knownHosts));
    mkdirSync(join(bench.folder, "agent"));
    mkdirSync(join(bench.folder, "nobody"));
    agent = await startSshAgent(join(bench.folder, "agent"));
    await agent.add(key);
    mkdirSync(seen());
    chmodSync(seen(), 0o1777);
    const server = bench.start(["server", "run"], { GANTRY_LISTEN: `127.0.0.1:${await freePort()}` });
    await server.printed(/Listening on/);
  });
  afterAll(async () => {
    for (const folder of [machine.opt, join(machine.home("eve"), ".local/share")])
      await endLaunched(join(folder, "gantry/agent"));
    await machine.stop();
    await agent.stop();
    expect(await bench.clear()).toEqual([]);
  });

  /** Where users leave what they saw. */
  function seen(name = ""): string {
    return join(bench.folder, "seen", name);
  }

  interface Wish {
    readonly servers?: object;
    readonly agents?: object;
    readonly words?: readonly string[];
    readonly environment?: NodeJS.ProcessEnv;
  }

  /** With no key but those that are given, of somebody who has none at home. */
  function run({ servers, agents, words = [], environment = {} }: Wish): Promise<Ended> {
    const args = { port: machine.port };
    const part = (given?: object) => (given === undefined ? {} : { args, ...given });
    const catalogue = join(bench.folder, "catalogue.yaml");
    writeFileSync(catalogue, JSON.stringify({ servers: part(servers), agents: part(agents) }));
    const known = words.includes("--known-hosts") ? [] : ["--known-hosts", knownHosts];
    return bench.gantry(["bootstrap", catalogue, "-o", "json", ...known, ...words], {
      SSH_AUTH_SOCK: "",
      HOME: join(bench.folder, "nobody"),
      ...environment,
    });
  }

  function rows({ out }: Ended): { node: string | null; result: string; said: string }[] {
    return JSON.parse(out) as { node: string | null; result: string; said: string }[];
  }

  const login = (username: string, more: object = {}) => ({ host: "127.0.0.1", username, ...more });

  it("does all as root by sudo where a user may without a password, and says it where not", async () => {
    writeFileSync(join(bench.folder, "motd"), "welcome\n");
    const ended = await run({
      agents: {
        args: { port: machine.port, sudo: true, systemd: false },
        targets: [login("ada", { name: "ada" }), login("bob"), login("eve")],
        jobs: [{ RUN: "id -un >/srv/who" }, { ADD: "motd /srv/added/" }, { GET: "/srv/who got/" }],
      },
      words: ["--key", key],
    });
    const [ada, bob, eve] = rows(ended);
    expect(ada, ended.out).toMatchObject({ node: "ada", result: "installed" });
    for (const [name, row] of Object.entries({ bob, eve })) {
      expect(row).toMatchObject({ node: null, result: "failed" });
      expect(row?.said).toMatch(new RegExp(`^${name} cannot become root by sudo without a password.*NOPASSWD`));
    }
    expect(ended.code).toBe(1);
    expect(readFileSync(join(bench.folder, "got/who"), "utf8")).toBe("root\n");
    expect(statSync(join(machine.srv, "added/motd")).uid).toBe(0);
    expect(statSync(join(machine.opt, "gantry/agent/current/agent.mjs")).uid).toBe(0);
    const executed = await bench.gantry(["exec", "--verb", "RUN", "echo $(id -un) of $(uname -n)"]);
    expect(executed.out, executed.error).toMatch(/ada +\| root of ordinary/);
    const again = await run({
      agents: { args: { port: machine.port, sudo: true, systemd: false }, targets: [login("ada", { name: "ada" })] },
      words: ["--key", key],
    });
    expect(rows(again)).toMatchObject([{ node: "ada", result: "unchanged" }]);
  });

  it("logs in by an agent's keys, and lets machines use the agent when it is asked to: their users, and root by sudo", async () => {
    const part = {
      targets: [login("eve"), login("ada", { sudo: true })],
      jobs: [{ RUN: `ssh-add -L >${seen()}/$(id -un)` }],
    };
    const environment = { SSH_AUTH_SOCK: agent.path };
    const forwarded = await run({ servers: part, words: ["--forward-agent"], environment });
    expect(forwarded.code, forwarded.out).toBe(0);
    const own = execFileSync("ssh-add", ["-L"], { env: { ...process.env, ...environment }, encoding: "utf8" });
    expect([readFileSync(seen("eve"), "utf8"), readFileSync(seen("root"), "utf8")]).toEqual([own, own]);
    const kept = await run({ servers: part, environment });
    expect(kept.code).toBe(1);
    for (const { said } of rows(kept))
      expect(said).toMatch(/^RUN ssh-add -L .*: exit code 2: Could not open a connection to your authentication agent/);
  });

  it("leaves nothing of somebody's agent with what goes on there", async () => {
    const ended = await run({
      agents: { targets: [login("eve", { name: "eve", systemd: false })] },
      words: ["--forward-agent"],
      environment: { SSH_AUTH_SOCK: agent.path },
    });
    expect(rows(ended)).toMatchObject([{ node: "eve", result: "installed" }]);
    const folder = join(machine.home("eve"), ".local/share/gantry/agent");
    expect(readFileSync(`/proc/${launcherPid(folder)}/environ`, "utf8")).not.toMatch(/SSH_/);
    // It is as which node it joined, whatever a catalogue says later.
    const renamed = await run({
      agents: { targets: [login("eve", { name: "other", systemd: false })] },
      words: ["--key", key],
    });
    expect(rows(renamed)[0]?.said).toMatch(/has joined as eve, and not as other.*\(bootstrap_name_taken\)/);
  });

  it("passes over a usual key with a passphrase when an agent holds it, and says what is the matter when none does", async () => {
    const home = join(bench.folder, "somebody");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    const locked = join(home, ".ssh/id_ed25519");
    writeFileSync(locked, machine.key, { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "secret", "-f", locked]);
    const part = { targets: [login("eve")], jobs: [{ RUN: "true" }] };
    const held = await run({ servers: part, environment: { HOME: home, SSH_AUTH_SOCK: agent.path } });
    expect(held.code, held.out + held.error).toBe(0);
    const alone = await run({ servers: part, environment: { HOME: home } });
    expect(alone.code).toBe(2);
    expect(alone.error).toMatch(/no key to log in with.*id_ed25519: Encrypted.*\(bootstrap_key_wrong\)/);
    expect((await run({ servers: part })).error).toMatch(/no key to log in with: none in ~\/.ssh, and SSH_AUTH_SOCK/);
  });

  it("goes on without an agent that has gone, and says so where it was needed", async () => {
    const part = { targets: [login("eve"), login("ada")], jobs: [{ RUN: "true" }] };
    const environment = { SSH_AUTH_SOCK: join(bench.folder, "gone.sock") };
    const needless = await run({ servers: part, words: ["--key", key], environment });
    expect(needless.code, needless.out + needless.error).toBe(0);
    const wrong = join(bench.folder, "wrong");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", wrong]);
    const needed = await run({ servers: part, words: ["--key", wrong], environment });
    expect(needed.code, needed.error).toBe(1);
    for (const { said } of rows(needed))
      expect(said).toMatch(/lets nobody in with these keys; the agent at .*gone\.sock: .*\(bootstrap_unreachable\)/);
    for (const socket of ["", environment.SSH_AUTH_SOCK]) {
      const forwarded = await run({
        servers: part,
        words: ["--key", key, "--forward-agent"],
        environment: { SSH_AUTH_SOCK: socket },
      });
      expect(forwarded.code, forwarded.out + forwarded.error).toBe(2);
      expect(forwarded.error).toMatch(/--forward-agent: (there is no agent|the agent at .*gone\.sock: connect ENOENT)/);
    }
  });

  it("keeps new host keys in whole lines, and takes none that it cannot keep", async () => {
    const part = { targets: [login("eve")], jobs: [{ RUN: "true" }] };
    const file = join(bench.folder, "unended");
    writeFileSync(file, "web1.example ssh-ed25519 AAAA");
    const words = ["--key", key, "--known-hosts", file];
    expect((await run({ servers: part, words: [...words, "--accept-new"] })).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(
      `web1.example ssh-ed25519 AAAA\n[127.0.0.1]:${machine.port} ${machine.hostKey}\n`,
    );
    expect((await run({ servers: part, words })).code).toBe(0);
    const nowhere = await run({
      servers: part,
      words: ["--key", key, "--accept-new", "--known-hosts", bench.folder],
    });
    expect(nowhere.code).toBe(1);
    expect(rows(nowhere)[0]?.said).toMatch(/cannot keep its host key: EISDIR/);
  });
});
