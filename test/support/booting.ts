import { execFile } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Network } from "./networks.ts";
import { answers } from "./sshd.ts";

/** Machines that come up by an init system of their own, and can be rebooted: containers of LXC, with SSH, and nothing of ours. */

export type Init = "systemd" | "openrc";

export interface BootingMachine {
  readonly name: string;
  readonly address: string;
  /** What a program there prints. */
  inside(...words: readonly string[]): Promise<string>;
  /** How often it came up. */
  boots(): number;
}

export interface MachineRoot {
  boot(name: string, init: Init, network: Network): Promise<BootingMachine>;
  /** Ends the machines, too. */
  remove(): Promise<void>;
}

/** What both need, and both init systems beside each other: which of them comes up is said at the start. */
const PACKAGES = [
  "dash,coreutils,findutils,grep,hostname,libc-bin,libstdc++6,mount,sed,util-linux,base-passwd,dropbear-bin",
  "systemd",
  "openrc,sysvinit-core",
];
const FOR_PEOPLE = ["doc", "locale", "man"];
const PROGRAMS: Readonly<Record<Init, string>> = { systemd: "/lib/systemd/systemd", openrc: "/sbin/init" };

const SSHD_UNIT = `[Service]
ExecStart=/usr/sbin/dropbear -F -E -R -s
KillMode=process
[Install]
WantedBy=multi-user.target
`;
const SSHD_SCRIPT = `#!/sbin/openrc-run
supervisor=supervise-daemon
command=/usr/sbin/dropbear
command_args="-F -E -R -s"
`;
const INITTAB = `id:2:initdefault:
si::sysinit:/etc/init.d/rcS
l2:2:wait:/etc/init.d/rc 2
l6:6:wait:/etc/init.d/rc 6
`;

const run = promisify(execFile);

/** One root file system for all machines of a test; what each writes stays its own. @param publicKey lets root in */
export async function makeMachineRoot(publicKey: string): Promise<MachineRoot> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-booting-"));
  const root = join(folder, "root");
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "stable";
  const without = FOR_PEOPLE.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  // Unpacked only: what of it is to be configured is written here.
  const make = ["--quiet", "--variant=extract", "--format=directory", `--include=${PACKAGES.join(",")}`, ...without];
  await run("mmdebstrap", [...make, suite, root], { maxBuffer: 1 << 24 });

  function write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }
  const master = (name: string): string => readFileSync(join(root, `usr/share/base-passwd/${name}.master`), "utf8");
  write("etc/passwd", master("passwd").replaceAll("/bin/bash", "/bin/sh"));
  write("etc/group", master("group"));
  // Known, so that it is not the first start of all, which would enable every unit.
  write("etc/machine-id", `${"0123456789abcdef".repeat(2)}\n`);
  write("root/.ssh/authorized_keys", publicKey, 0o600);
  for (const path of ["root/.ssh", "root"]) chmodSync(join(root, path), 0o700);
  for (const path of ["run", "tmp", "srv", "etc/dropbear", "var/log"]) mkdirSync(join(root, path), { recursive: true });
  symlinkSync("/run", join(root, "var/run"));
  write("etc/systemd/system/ssh.service", SSHD_UNIT);
  mkdirSync(join(root, "etc/systemd/system/multi-user.target.wants"), { recursive: true });
  symlinkSync("../ssh.service", join(root, "etc/systemd/system/multi-user.target.wants/ssh.service"));
  write("etc/inittab", INITTAB);
  write("etc/init.d/ssh", SSHD_SCRIPT, 0o755);
  for (const [level, name] of [
    ["sysinit", "mountkernfs.sh"],
    ["default", "ssh"],
  ])
    symlinkSync(`/etc/init.d/${name}`, join(root, `etc/runlevels/${level}/${name}`));

  const machines = join(folder, "machines");
  return {
    boot: (name, init, network) => boot(machines, root, { name, init, network }),
    async remove() {
      for (const name of existsSync(machines) ? readdirSync(machines) : []) {
        const which = ["-P", machines, "-n", name];
        await run("lxc-stop", [...which, "-k"]);
        await run("lxc-wait", [...which, "-s", "STOPPED"]);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function boot(
  machines: string,
  root: string,
  { name, init, network }: { readonly name: string; readonly init: Init; readonly network: Network },
): Promise<BootingMachine> {
  const place = join(machines, name);
  const address = network.take();
  const log = join(place, "lxc.log");
  mkdirSync(join(place, "upper/etc"), { recursive: true });
  writeFileSync(join(place, "upper/etc/hostname"), `${name}\n`);
  appendFileSync(
    join(place, "config"),
    `lxc.uts.name = ${name}
lxc.rootfs.path = overlay:${root}:${join(place, "upper")}
lxc.init.cmd = ${PROGRAMS[init]}
lxc.net.0.type = veth
lxc.net.0.link = ${network.bridge}
lxc.net.0.flags = up
lxc.net.0.ipv4.address = ${address}/24
lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
lxc.autodev = 1
lxc.tty.max = 0
lxc.apparmor.profile = unconfined
`,
  );
  const which = ["-P", machines, "-n", name];
  const starts = (): number => readFileSync(log, "utf8").match(/Started "[^"]+" with pid/g)?.length ?? 0;
  await run("lxc-start", [...which, "-o", log, "-l", "INFO"]);
  const machine: BootingMachine = {
    name,
    address,
    async inside(...words) {
      const { stdout } = await run("lxc-attach", [
        ...which,
        "--clear-env",
        "-v",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "--",
        ...words,
      ]);
      return stdout.trim();
    },
    boots: starts,
  };
  while (!(await answers(22, address))) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return machine;
}
