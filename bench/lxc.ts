import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { measured, type Measurement } from "../scripts/measurement.ts";

// A hundred containers of LXC through Gantry: planned, created, their agents joined, and destroyed again. Beside it the programs of LXC
// alone, called one after the other by a shell script: as many overlay copies of the same root file system, started, stopped, destroyed.
// In the bare ones nothing runs but sleep; a third number starts the agent's Node in each of them.

const execute = promisify(execFile);
const root = join(import.meta.dirname, "..");
const COUNT = 100;
const BRIDGE = "gantry-bench0";
const BARE_BRIDGE = "gantry-bare0";
const SUBNET = "172.29.238";
const BARE_SUBNET = "172.29.239";
const PACKAGES = "dash,coreutils,libc6,libstdc++6";
const MOST_OUTPUT = 1 << 26;

/** Measures all of it, in a folder of its own, and leaves nothing behind. As root, with Debian's lxc and mmdebstrap. */
export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "stable";
  const tarball = join(folder, "debian.tar");
  await execute("mmdebstrap", ["--quiet", "--variant=extract", `--include=${PACKAGES}`, suite, tarball], {
    maxBuffer: MOST_OUTPUT,
  });
  try {
    const bare = await bareContainers(folder, tarball, false);
    const withNode = await bareContainers(folder, tarball, true);
    const { up, down } = await throughGantry(folder, tarball);
    const each = `${COUNT} containers: `;
    return [
      measured(
        `${each}created, agents joined, destroyed`,
        "s",
        up + down,
        bare,
        "lxc-copy, lxc-start, lxc-stop, lxc-destroy",
        1.5 * bare,
      ),
      measured(`${each}the same`, "s", up + down, withNode, "the same by LXC alone, with a bare Node in each"),
      measured(`${each}created and joined`, "s", up, bare, "lxc-copy, lxc-start, lxc-stop, lxc-destroy"),
      measured(`${each}destroyed`, "s", down, bare, "lxc-copy, lxc-start, lxc-stop, lxc-destroy"),
    ];
  } finally {
    await gantry(folder, "down", "--purge", "--yes").catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function throughGantry(folder: string, tarball: string): Promise<{ readonly up: number; readonly down: number }> {
  const site = join(folder, "site");
  mkdirSync(site);
  const document = join(site, "site.yaml");
  // The server is there before anything is measured.
  writeFileSync(document, siteText(tarball, 0));
  await gantry(folder, "up", "--yes", site);
  writeFileSync(document, siteText(tarball, COUNT));
  const up = await seconds(() => gantry(folder, "up", "--yes", site));
  const down = await seconds(() => gantry(folder, "down", "--yes"));
  return { up, down };
}

/** A design of so many machines, each a container with an agent that runs one command. */
function siteText(tarball: string, count: number): string {
  const structures = Array.from({ length: count }, (_, index) => [
    `  c${index}:`,
    "    site: bench",
    "    blueprint: node",
    "    foundation:",
    "      type: lxc",
    "      blueprint: machine",
    `      attributes: { rootfs: ${tarball}, networks: [{ name: ${BRIDGE}, subnet: ${SUBNET}.0/24 }] }`,
    "    addresses: [{ block: bench }]",
  ]);
  return [
    "design: bench",
    "sites: { bench: { kind: lab } }",
    `address_blocks: { bench: { site: bench, subnet: ${SUBNET}.0/24, gateway: ${SUBNET}.1 } }`,
    "blueprints:",
    "  machine:",
    "    builds: foundation",
    "    foundation_types: [lxc]",
    "    scripts:",
    "      create: |",
    "        foundation.create()",
    "        foundation.power_on()",
    "      destroy: foundation.destroy()",
    "  node:",
    "    builds: structure",
    "    scripts: { create: \"agent.run( command='true' )\" }",
    ...(count === 0 ? [] : ["structures:", ...structures.flat()]),
    "",
  ].join("\n");
}

/** The same containers by the programs of LXC alone, one after the other. Returns seconds. */
async function bareContainers(folder: string, tarball: string, node: boolean): Promise<number> {
  const path = join(folder, "bare");
  const base = join(path, "base");
  mkdirSync(join(base, "rootfs"), { recursive: true });
  await execute("tar", ["--extract", `--file=${tarball}`, `--directory=${join(base, "rootfs")}`]);
  mkdirSync(join(base, "rootfs/opt/node"), { recursive: true });
  const program = node ? "/opt/node/node -e setInterval(()=>0,1e6)" : "/bin/sleep 100000";
  const config = [
    `lxc.rootfs.path = dir:${join(base, "rootfs")}`,
    "lxc.uts.name = base",
    "lxc.net.0.type = veth",
    `lxc.net.0.link = ${BARE_BRIDGE}`,
    "lxc.net.0.flags = up",
    "lxc.mount.auto = proc:mixed sys:mixed",
    `lxc.mount.entry = ${process.execPath} opt/node/node none bind,ro,create=file 0 0`,
    `lxc.init.cmd = ${program}`,
  ];
  writeFileSync(join(base, "config"), `${config.join("\n")}\n`);
  const script = join(folder, "bare.sh");
  writeFileSync(
    script,
    `set -e
for i in $(seq ${COUNT}); do
  lxc-copy -P "$1" -n base -N "c$i" -B overlayfs -s
  lxc-start -P "$1" -n "c$i"
done
for i in $(seq ${COUNT}); do
  lxc-stop -P "$1" -n "c$i" -k
  lxc-destroy -P "$1" -n "c$i"
done
`,
  );
  await execute("ip", ["link", "add", "name", BARE_BRIDGE, "type", "bridge"]);
  try {
    await execute("ip", ["address", "add", `${BARE_SUBNET}.1/24`, "dev", BARE_BRIDGE]);
    await execute("ip", ["link", "set", BARE_BRIDGE, "up"]);
    return await seconds(() => execute("bash", [script, path], { maxBuffer: MOST_OUTPUT }));
  } finally {
    await execute("ip", ["link", "delete", BARE_BRIDGE]);
    rmSync(path, { recursive: true, force: true });
  }
}

async function gantry(folder: string, ...parameters: readonly string[]): Promise<void> {
  await execute(join(root, "gantry"), parameters, { cwd: folder, maxBuffer: MOST_OUTPUT });
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return (performance.now() - began) / 1000;
}
