import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { agentBundle, fileHash, launcherText, LAYOUT, releaseName } from "../../src/executor/index.ts";

/** Stands for Node's binary, which has 120 MB: the same program, and nothing to carry. */
export function smallNode(folder: string): string {
  const path = join(folder, "small-node");
  writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
  return path;
}

/** An agent's folder as `gantry bootstrap` lays it out, on this machine. Returns the name of its release. */
export async function layAgentFolder(
  folder: string,
  nodePath: string,
  join_: { readonly urls: readonly string[]; readonly token: string; readonly name?: string },
): Promise<string> {
  const bundle = await agentBundle();
  const manifest = {
    program: createHash("sha256").update(bundle).digest("hex"),
    node: await fileHash(nodePath),
  };
  const release = releaseName(manifest);
  const place = join(folder, LAYOUT.versions, release);
  mkdirSync(place, { recursive: true });
  copyFileSync(nodePath, join(place, LAYOUT.node));
  writeFileSync(join(place, LAYOUT.program), bundle);
  writeFileSync(join(place, LAYOUT.manifest), JSON.stringify(manifest));
  symlinkSync(join(LAYOUT.versions, release), join(folder, LAYOUT.current));
  mkdirSync(join(folder, LAYOUT.state), { mode: 0o700 });
  writeFileSync(join(folder, LAYOUT.state, "join.json"), JSON.stringify(join_), { mode: 0o600 });
  writeFileSync(join(folder, LAYOUT.launcher), launcherText(), { mode: 0o755 });
  return release;
}

/** Of an agent that was started as it is, without an init system: the process of its launcher. */
export function launcherPid(folder: string): number {
  return Number(readFileSync(join(folder, "launcher.pid"), "utf8"));
}

/** Longer than a launcher gives its agent. */
const PATIENCE = 40_000;

/** Ends such an agent, if one runs; resolves when it has ended. */
export async function endLaunched(folder: string): Promise<void> {
  const pid = existsSync(join(folder, "launcher.pid")) ? launcherPid(folder) : 0;
  if (!isLauncher(pid)) return;
  process.kill(pid, "SIGTERM");
  await vi.waitUntil(() => !isLauncher(pid), { timeout: PATIENCE });
}

/** By what it runs: the file may be empty yet, or name a process that is gone. */
function isLauncher(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(LAYOUT.launcher);
  } catch {
    return false;
  }
}
