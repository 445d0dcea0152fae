import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./names.ts";
import type { RealPart } from "./real-part.ts";

/** An SSH server of the tests' own: on a port of the loopback, with keys and a configuration in a folder of its own. */
export const sshdPart: RealPart = {
  name: "sshd",
  packages: ["openssh-server", "openssh-client"],
  present: () => existsSync(SSHD) && existsSync("/usr/bin/ssh-keygen"),
};

/** What lets an ordinary user become root. */
export const sudoPart: RealPart = {
  name: "sudo",
  packages: ["sudo"],
  present: () => existsSync("/usr/bin/sudo"),
};

export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** The private key that lets in, PEM. */
  readonly key: string;
  /** A file for ssh's `UserKnownHostsFile`. */
  readonly knownHosts: string;
  /** Its own public key: type and key, as known_hosts has them. */
  readonly hostKey: string;
  stop(): Promise<void>;
}

export interface SshServerOptions {
  /** 127.0.0.1 when left out. */
  readonly listen?: string;
  /** Further lines of its configuration. */
  readonly settings?: readonly string[];
  /** What starts it: a command, to which its own is added. */
  readonly within?: readonly string[];
}

const SSHD = "/usr/sbin/sshd";
/** Where sshd, started by root, locks itself in. Without it, it does not start. */
const EMPTY = "/run/sshd";
const run = promisify(execFile);

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const { listen = "127.0.0.1", within = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), "gantry-sshd-"));
  // Whose keys let in is read as the user who logs in.
  chmodSync(folder, 0o755);
  const port = await freePort();
  for (const name of ["host", "user"])
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "gantry-test", "-f", join(folder, name)]);
  const [type, key] = readFileSync(join(folder, "host.pub"), "utf8").split(" ");
  writeFileSync(join(folder, "known_hosts"), `[127.0.0.1]:${port} ${type} ${key}\n`);
  const settings = [
    `Port ${port}`,
    `ListenAddress ${listen}`,
    `HostKey ${join(folder, "host")}`,
    `AuthorizedKeysFile ${join(folder, "user.pub")}`,
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    "LogLevel ERROR",
    ...(options.settings ?? []),
  ];
  writeFileSync(join(folder, "config"), `${settings.join("\n")}\n`);
  const made = mkdirSync(EMPTY, { recursive: true });
  // Ends with the test run, also when that is killed.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...within, SSHD, "-D", "-e", "-f", join(folder, "config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
  for (let attempt = 1; !(await answers(port)); attempt += 1) {
    if (attempt === 200 || child.exitCode !== null) {
      await stop();
      throw new Error(`sshd does not answer: ${said}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return {
    port,
    user: userInfo().username,
    key: readFileSync(join(folder, "user"), "utf8"),
    knownHosts: join(folder, "known_hosts"),
    hostKey: `${type} ${key}`,
    stop,
  };
}

/** Whether a server of SSH says who it is. */
export async function answers(port: number, host = "127.0.0.1"): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "data");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
