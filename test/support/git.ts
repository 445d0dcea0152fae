import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "./names.ts";
import type { RealPart } from "./real-part.ts";

/** git, with its own server. */
export const gitPart: RealPart = {
  name: "git",
  packages: ["git"],
  present: () => existsSync("/usr/bin/git") && existsSync("/usr/lib/git-core/git-daemon"),
};

export interface GitServer {
  /** `git://127.0.0.1:…/configuration.git` */
  readonly url: string;
  /** The same on this machine. */
  readonly folder: string;
  /** Writes files and commits them. Returns the commit. */
  commit(files: Readonly<Record<string, string>>): string;
  tag(name: string): void;
  stop(): Promise<void>;
}

/** One repository, served on a port of the loopback. */
export async function startGitServer(): Promise<GitServer> {
  const base = mkdtempSync(join(tmpdir(), "gantry-git-"));
  const folder = join(base, "configuration.git");
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
  function git(...words: readonly string[]): string {
    return execFileSync("git", [...identity, ...words], { cwd: folder, encoding: "utf8", stdio: "pipe" }).trim();
  }
  mkdirSync(folder);
  git("init", "--quiet", "--initial-branch=main", ".");
  const port = await freePort();
  const words = [
    "daemon",
    `--base-path=${base}`,
    "--export-all",
    "--listen=127.0.0.1",
    `--port=${port}`,
    "--reuseaddr",
  ];
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "TERM", "/usr/lib/git-core/git-daemon", ...words.slice(1), "--verbose"],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  // It says that it is ready.
  await once(child.stderr, "data");
  child.stderr.resume();
  return {
    url: `git://127.0.0.1:${port}/configuration.git`,
    folder,
    commit(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      git("add", "--all");
      git("commit", "--quiet", "--message=test");
      return git("rev-parse", "HEAD");
    },
    tag: (name) => void git("tag", name),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      rmSync(base, { recursive: true, force: true });
    },
  };
}
