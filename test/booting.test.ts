import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BootingMachine, type MachineRoot, makeMachineRoot } from "./support/booting.ts";
import { type Bench, createBench, type Ended } from "./support/gantry.ts";
import { type Network, openNetwork } from "./support/networks.ts";
import { describeReal } from "./support/real.ts";

// Machines that come up by systemd and by OpenRC: their agents, the units that SERVICE looks after, and REBOOT of the whole machine.

const WEB = `#!/bin/sh
trap 'echo reloaded >>/srv/web' HUP
trap 'echo stopped >>/srv/web; exit 0' TERM
echo started >>/srv/web
while :; do sleep 0.05; done
`;

/** Units of either: one that goes on, and two that fail: at once when they are started, and a moment later. */
const UNITS = {
  systemd: {
    folder: "/etc/systemd/system",
    suffix: ".service",
    web: `[Service]
ExecStart=/srv/web.sh
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
[Install]
WantedBy=multi-user.target
`,
    broken: `[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo no database at 192.0.2.9 >&2; exit 4'
`,
    brief: `[Service]
ExecStart=/bin/sh -c 'echo no licence >&2; exit 5'
`,
  },
  openrc: {
    folder: "/etc/init.d",
    suffix: "",
    web: `#!/sbin/openrc-run
supervisor=supervise-daemon
command=/srv/web.sh
extra_started_commands=reload
reload() { supervise-daemon "$RC_SVCNAME" --signal HUP; }
`,
    broken: `#!/sbin/openrc-run
start() { eerror "no database at 192.0.2.9"; return 1; }
`,
    brief: `#!/sbin/openrc-run
start() { return 0; }
status() { return 32; }
`,
  },
} as const;
const INITS = ["systemd", "openrc"] as const;
const TARGETS = INITS.flatMap((init) => ["--target", init]);

interface Result {
  readonly node: string;
  readonly state: string;
  readonly message: string | null;
  readonly value: { readonly diff?: string } | null;
}

describeReal(["lxc", "networks", "sshd"], "machines with an init system", () => {
  let bench: Bench;
  let root: MachineRoot;
  let network: Network;
  let machines: readonly BootingMachine[] = [];

  beforeAll(async () => {
    bench = createBench();
    network = await openNetwork();
    const key = join(bench.folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "gantry-test", "-f", key]);
    const listen = `${network.address}:7411`;
    const server = bench.start(["server", "run"], { GANTRY_LISTEN: listen, GANTRY_THIS_MACHINE: "false" });
    root = await makeMachineRoot(readFileSync(`${key}.pub`, "utf8"));
    machines = await Promise.all(INITS.map((init) => root.boot(init, init, network)));
    await server.printed(/Listening on/);
  });
  afterAll(async () => {
    expect(await bench.clear()).toEqual([]);
    await root.remove();
    await network.close();
  });

  function machineOf(init: (typeof INITS)[number]): BootingMachine {
    return machines.find(({ name }) => name === init)!;
  }

  /** How it ended on each, in the order of INITS. */
  async function results(ended: Ended): Promise<readonly Result[]> {
    const { out, error } = await bench.gantry(["run", "results", "-o", "json"]);
    expect(out, ended.out + ended.error + error).toMatch(/^\[/);
    const all = JSON.parse(out) as Result[];
    return all.sort((a, b) => b.node.localeCompare(a.node));
  }

  /** What a plan says, then how it ended, on each. */
  async function service(text: string): Promise<readonly [plan: readonly unknown[], states: readonly string[]]> {
    const planned = await results(await bench.gantry(["exec", "--plan", ...TARGETS, "--verb", "SERVICE", text]));
    const done = await results(await bench.gantry(["exec", ...TARGETS, "--verb", "SERVICE", text]));
    return [planned.map(({ value, message }) => value?.diff ?? message), done.map(({ state }) => state)];
  }

  it("get agents by bootstrap, which their init system runs", async () => {
    const catalogue = join(bench.folder, "catalogue.yaml");
    const targets = machines.map(({ name, address }) => ({ host: address, name }));
    writeFileSync(catalogue, JSON.stringify({ agents: { args: { username: "root" }, targets } }));
    const how = ["--key", join(bench.folder, "key"), "--known-hosts", join(bench.folder, "known"), "--accept-new"];
    for (const said of ["release, launcher, point, join, unit, start", ""]) {
      const ended = await bench.gantry(["bootstrap", catalogue, ...how, "-o", "json"], { SSH_AUTH_SOCK: "" });
      expect(ended.code, ended.out + ended.error).toBe(0);
      expect((JSON.parse(ended.out) as { said: string }[]).map((one) => one.said)).toEqual([said, said]);
    }
    expect(await machineOf("systemd").inside("systemctl", "is-enabled", "gantry-agent")).toBe("enabled");
    expect(await machineOf("openrc").inside("rc-update", "show", "default")).toMatch(/gantry-agent/);
  });

  it("have units that SERVICE brings where they shall be, and leaves there", async () => {
    writeFileSync(join(bench.folder, "web.sh"), WEB);
    for (const init of INITS) {
      const { folder, suffix, ...units } = UNITS[init];
      mkdirSync(join(bench.folder, init));
      for (const [name, text] of Object.entries(units)) {
        writeFileSync(join(bench.folder, init, name + suffix), text);
        const add = `--chmod 755 ${init}/${name}${suffix} ${folder}/${name}${suffix}`;
        const added = await bench.gantry(["exec", "--target", init, "--verb", "ADD", add]);
        expect(added.code, added.out + added.error).toBe(0);
      }
    }
    const program = await bench.gantry(["exec", ...TARGETS, "--verb", "ADD", "--chmod 755 web.sh /srv/web.sh"]);
    expect(program.code, program.out + program.error).toBe(0);
    const both = <One>(one: One): readonly One[] => [one, one];
    const nothing = [both(""), both("ok")];
    expect(await service("--enable web")).toEqual([both("~web: enable\n~web: start\n"), both("changed")]);
    expect(await service("--enable web")).toEqual(nothing);
    expect(await service("--reloaded web")).toEqual([both("~web: reload\n"), both("changed")]);
    expect(await service("--restarted web")).toEqual([both("~web: restart\n"), both("changed")]);
    expect(await service("--disable web")).toEqual([both("~web: disable\n"), both("changed")]);
    expect(await service("--disable web")).toEqual(nothing);
    expect(await service("--stopped web")).toEqual([both("~web: stop\n"), both("changed")]);
    expect(await service("--stopped web")).toEqual(nothing);
    expect(await service("--enable --started web")).toEqual([both("~web: enable\n~web: start\n"), both("changed")]);
    for (const machine of machines)
      expect(await machine.inside("cat", "/srv/web")).toBe("started\nreloaded\nstopped\nstarted\nstopped\nstarted");
  });

  it("say why a unit cannot be what it shall be", async () => {
    async function why(text: string): Promise<readonly (string | null)[]> {
      const done = await bench.gantry(["exec", ...TARGETS, "--verb", "SERVICE", text]);
      expect(done.code).not.toBe(0);
      return (await results(done)).map(({ message }) => message);
    }
    const [bySystemd, byOpenrc] = await why("--started broken");
    expect(bySystemd).toBe("unit broken ended with exit code 4:\nno database at 192.0.2.9");
    expect(byOpenrc).toMatch(/^rc-service broken start ended with exit code 1: [^]*no database at 192\.0\.2\.9/);
    expect(await why("--started brief")).toEqual([
      "unit brief ended with exit code 5:\nno licence",
      "unit brief crashed",
    ]);
    expect(await why("--restarted other")).toEqual([
      "systemd has no unit other on this node",
      "openrc has no unit other on this node",
    ]);
  });

  it("reboot, once, and what stands behind it goes on where the agent has come up", async () => {
    const boots = machines.map((machine) => machine.boots());
    const file = join(bench.folder, "reboot.yaml");
    const count = (name: string): string => `echo ${name} >>/srv/ran; echo ${name} $(cut -d' ' -f22 /proc/1/stat)`;
    writeFileSync(
      file,
      JSON.stringify([
        { jobs: [{ RUN: count("before") }, { REBOOT: "--message 'new kernel'" }, { RUN: count("after") }] },
      ]),
    );
    const { code, out, error } = await bench.gantry(["orchestrate", file]);
    expect(code, out + error).toBe(0);
    for (const [index, machine] of machines.entries()) {
      expect(machine.boots()).toBe(boots[index]! + 1);
      expect(await machine.inside("cat", "/srv/ran")).toBe("before\nafter");
      // What was enabled has come up with it.
      expect(await machine.inside("tail", "-n", "1", "/srv/web")).toBe("started");
      const [before, after] = ["before", "after"].map(
        (word) => new RegExp(`^${machine.name} +\\| ${word} (\\d+)$`, "m").exec(out)?.[1],
      );
      expect([before, after], out).not.toContain(undefined);
      expect(before).not.toBe(after);
    }
  });
});
