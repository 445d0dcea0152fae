import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { GroupConfiguration } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { signalGroup } from "../platform/files/index.ts";
import { CONFIGURATION_FILE_INVALID, GIT_FAILED, GIT_URL_NOT_ALLOWED } from "./errors.ts";
import { isCommit, sourceProblem } from "./git-source.ts";

/** Files of git repositories, at one commit. */
export interface GitReader {
  /**
   * The YAML files of a file or folder (not of folders in it), by name, and the commit they are from. What a commit holds is kept, so
   * that it is fetched once.
   *
   * Errors: `git_url_not_allowed`, `git_failed`, `configuration_file_invalid`.
   */
  read(from: GroupConfiguration): Promise<GitFiles>;
}

export interface GitFiles {
  readonly commit: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export interface GitOptions {
  readonly clock: Clock;
  /** Where repositories are kept, one folder each. */
  readonly folder: string;
  /** Whether paths of this machine are allowed. */
  readonly local: boolean;
  /** Milliseconds one fetch may take. */
  readonly patience?: number;
  /** Bytes that a repository at one commit may have, packed. */
  readonly largest?: number;
}

const PATIENCE = 30_000;
const MOST_FILES = 200;
const MOST_BYTES = 8 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;
const LARGEST_REPOSITORY = 512 * MEBIBYTE;
const LOOK_MILLISECONDS = 500;

export function createGitReader(options: GitOptions): GitReader {
  const { clock, folder, local, patience = PATIENCE, largest = LARGEST_REPOSITORY } = options;
  /** A repository is fetched into by one at a time. */
  const turns = new Map<string, Promise<unknown>>();

  return {
    read(from) {
      const wrong = sourceProblem(from, local);
      if (wrong !== undefined) return Promise.reject(new GantryError(GIT_URL_NOT_ALLOWED, wrong));
      const repository = join(folder, createHash("sha256").update(from.url).digest("hex").slice(0, 32));
      const turn = (turns.get(repository) ?? Promise.resolve()).then(
        () => readFrom(repository, from),
        () => readFrom(repository, from),
      );
      turns.set(repository, turn);
      return turn;
    },
  };

  async function readFrom(repository: string, from: GroupConfiguration): Promise<GitFiles> {
    try {
      const commit = await fetched(repository, from);
      return { commit, files: await filesOf(repository, commit, from) };
    } catch (error) {
      if (error instanceof GantryError) throw error;
      throw new GantryError(GIT_FAILED, `${from.url} at ${from.revision}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** The commit of the revision, which is then in the repository. */
  async function fetched(repository: string, from: GroupConfiguration): Promise<string> {
    const known = isCommit(from.revision) ? await commitOf(repository, from.revision) : undefined;
    if (known !== undefined) return known;
    await mkdir(repository, { recursive: true, mode: 0o700 });
    await git(repository, ["init", "--quiet", "--bare", "."]);
    const fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force"];
    try {
      await git(repository, [...fetch, "--", from.url, from.revision]);
      // It may have been done before anybody looked.
      await bound(repository);
    } catch (error) {
      if (error instanceof TooLarge) await rm(repository, { recursive: true, force: true });
      throw error;
    }
    const commit = await commitOf(repository, "FETCH_HEAD");
    if (commit === undefined) throw new Error("what was fetched is no commit");
    return commit;
  }

  async function bound(repository: string): Promise<void> {
    if ((await sizeOf(repository)) > largest)
      throw new TooLarge(`the repository is larger than ${largest / MEBIBYTE} MiB`);
  }

  async function commitOf(repository: string, revision: string): Promise<string | undefined> {
    const there = await stat(join(repository, "HEAD")).catch(() => undefined);
    if (there === undefined) return undefined;
    try {
      return (await git(repository, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`])).toString().trim();
    } catch {
      return undefined;
    }
  }

  async function filesOf(repository: string, commit: string, from: GroupConfiguration): Promise<GitFiles["files"]> {
    const path = from.path === "." ? "" : from.path;
    const found = await list(repository, commit, path === "" ? [] : [path]);
    const entries = path !== "" && found[0]?.type === "tree" ? await list(repository, commit, [`${path}/`]) : found;
    const wanted = entries.filter(
      // Links are not followed: they may lead anywhere.
      (entry) =>
        entry.type === "blob" && entry.mode !== "120000" && (entry.path === path || /\.ya?ml$/.test(entry.path)),
    );
    const where = `${from.url} at ${commit.slice(0, 12)}, '${from.path}'`;
    if (wanted.length === 0) throw new GantryError(CONFIGURATION_FILE_INVALID, `${where}: there is no YAML file`);
    const bytes = wanted.reduce((sum, entry) => sum + entry.size, 0);
    if (wanted.length > MOST_FILES || bytes > MOST_BYTES)
      throw new GantryError(
        CONFIGURATION_FILE_INVALID,
        `${where}: ${wanted.length} files of ${bytes} bytes are too much`,
      );
    const files: { path: string; text: string }[] = [];
    for (const entry of wanted) {
      const content = await git(repository, ["cat-file", "blob", entry.id]);
      files.push({ path: entry.path, text: textOf(content, `${where}: ${entry.path}`) });
    }
    return files;
  }

  async function list(repository: string, commit: string, paths: readonly string[]): Promise<readonly TreeEntry[]> {
    const output = await git(repository, ["--literal-pathspecs", "ls-tree", "-l", "-z", commit, "--", ...paths]);
    return output
      .toString()
      .split("\0")
      .flatMap((line) => {
        const match = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line);
        if (match === null) return [];
        const [, mode = "", type = "", id = "", size = "", path = ""] = match;
        return [{ mode, type, id, size: size === "-" ? 0 : Number(size), path }];
      });
  }

  /** Runs git, bounded in time, output and disk. It and what it started are ended together. */
  function git(repository: string, words: readonly string[]): Promise<Buffer> {
    const safe = ["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "protocol.version=2"];
    const child = spawn("git", [...safe, ...words], {
      cwd: repository,
      env: environment(local),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    return new Promise((resolve, reject) => {
      const output: Buffer[] = [];
      let bytes = 0;
      let complaint = "";
      let ended: Error | undefined;
      function end(why: Error): void {
        ended ??= why;
        if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      }
      const seconds = Math.round(patience / 1000);
      const cancelTimer = clock.after(patience, () => end(new Error(`git did not answer within ${seconds} s`)));
      let cancelLook = clock.after(LOOK_MILLISECONDS, look);
      function look(): void {
        bound(repository).catch(end);
        cancelLook = clock.after(LOOK_MILLISECONDS, look);
      }
      child.stdout.on("data", (chunk: Buffer) => {
        output.push(chunk);
        bytes += chunk.length;
        if (bytes > MOST_BYTES * 2) end(new Error("git prints more than 16 MiB"));
      });
      child.stderr.on("data", (chunk: Buffer) => {
        complaint = (complaint + chunk.toString()).slice(-2000);
      });
      child.on("error", (error) => {
        ended ??= error;
      });
      child.on("close", (code) => {
        cancelTimer();
        cancelLook();
        if (ended !== undefined) reject(ended);
        else if (code === 0) resolve(Buffer.concat(output));
        else reject(new Error(complaint.trim().split("\n").at(-1) || `git ended with ${code}`));
      });
    });
  }
}

interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly id: string;
  readonly size: number;
  readonly path: string;
}

class TooLarge extends Error {}

/** Nobody is there to be asked, and git itself refuses every other transport, also when a server sends it on to one. */
function environment(local: boolean): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=10",
    GIT_ALLOW_PROTOCOL: local ? "https:ssh:git:file" : "https:ssh:git",
    GIT_DIR: ".",
  };
}

/** Bytes of the files of a folder and those below. What goes away meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name))
        .then((one) => one.size)
        .catch(() => 0),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function textOf(content: Buffer, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new GantryError(CONFIGURATION_FILE_INVALID, `${where} is not UTF-8 text`);
  }
}
