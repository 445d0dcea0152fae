import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** OpenSSH's agent, which holds keys. */
export interface SshAgent {
  /** Its socket: `SSH_AUTH_SOCK`. */
  readonly path: string;
  /** Gives it a private key out of a file. */
  add(path: string, passphrase?: string): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** @param folder where its socket is to be */
export async function startSshAgent(folder: string): Promise<SshAgent> {
  const path = join(folder, "agent.sock");
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "ssh-agent", "-D", "-a", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // It says where it listens once it does.
  await once(child.stdout, "data");
  return {
    path,
    async add(key, passphrase = "") {
      const asks = join(folder, "askpass");
      if (!existsSync(asks)) writeFileSync(asks, '#!/bin/sh\necho "$PASSPHRASE"\n', { mode: 0o755 });
      const env = { ...process.env, SSH_AUTH_SOCK: path, SSH_ASKPASS: asks, SSH_ASKPASS_REQUIRE: "force" };
      await run("ssh-add", ["-q", key], { env: { ...env, PASSPHRASE: passphrase } });
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
