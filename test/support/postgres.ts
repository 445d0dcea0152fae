import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { messageOf } from "../../src/kernel/errors.ts";
import type { RealPart, StartedPart } from "./real-part.ts";

/** PostgreSQL, started once for all tests: in a folder of its own, reached by a Unix socket there, gone at the end. */
export const postgresPart: RealPart = {
  name: "postgresql",
  packages: ["postgresql"],
  present: () => programs() !== undefined,
  start,
};

const run = promisify(execFile);
const START_ATTEMPTS = 300;
const OWNER = "gantry";

const SETTINGS = {
  listen_addresses: "",
  // The data is thrown away: nothing needs to reach the disk.
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  shared_buffers: "32MB",
  max_connections: "200",
  // Its transactions would now and then hold back, for a moment, the events that a test has just written.
  autovacuum: "off",
  // Tests that make a deadlock wait for this.
  deadlock_timeout: "50ms",
  log_min_messages: "fatal",
};

/** The folder of the newest version's programs: Debian puts them beside the PATH. */
function programs(): string | undefined {
  const found = globSync("/usr/lib/postgresql/*/bin/postgres").sort((a, b) => versionOf(a) - versionOf(b));
  const newest = found.at(-1);
  return newest === undefined ? undefined : dirname(newest);
}

function versionOf(path: string): number {
  return Number(path.split("/")[4]);
}

async function start(): Promise<StartedPart> {
  const bin = programs();
  if (bin === undefined) throw new Error("no PostgreSQL under /usr/lib/postgresql");
  const folder = mkdtempSync(join(tmpdir(), "gantry-postgres-"));
  const user = otherUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const server: { process?: ChildProcess } = {};
  async function stop(): Promise<void> {
    const child = server.process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      // A fast shutdown: connections that tests left behind do not hold it up.
      child.kill("SIGINT");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    const data = join(folder, "data");
    // Sorted by a language, as many servers are: text that must sort by code point has to say so.
    const collation = ["--locale=C", "--locale-provider=icu", "--icu-locale=en"];
    const initialize = [
      join(bin, "initdb"),
      "-D",
      data,
      "-U",
      OWNER,
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--no-sync",
      ...collation,
    ];
    await run("setpriv", [...asUser(user), ...initialize], { cwd: folder });
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: folder }).flatMap(([key, value]) => [
      "-c",
      `${key}=${value}`,
    ]);
    // Ends with the test run, also when that is killed.
    const command = [...asUser(user), "--pdeathsig", "INT", join(bin, "postgres"), "-D", data, ...settings];
    const child = spawn("setpriv", command, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    server.process = child;
    const address = `postgres://${OWNER}@localhost/postgres?host=${encodeURIComponent(folder)}`;
    await answering(address, child);
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** PostgreSQL refuses to be run by root: then the user of Debian's package, else nobody. */
function otherUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = ["-u", "-g"].map((which) =>
        Number(execFileSync("id", [which, name], { encoding: "utf8", stdio: "pipe" })),
      );
      return { uid: uid!, gid: gid! };
    } catch {
      // The next name.
    }
  }
  throw new Error("PostgreSQL is not run by root, and there is no other user: neither postgres nor nobody");
}

function asUser(user: ReturnType<typeof otherUser>): readonly string[] {
  if (user === undefined) return [];
  return [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
}

/** Asks until the server answers; there is nothing else to wait on. */
async function answering(address: string, child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (let attempt = 1; ; attempt += 1) {
    const client = new pg.Client({ connectionString: address });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`PostgreSQL ended: ${said.trim()}`, { cause: error });
      if (attempt === START_ATTEMPTS)
        throw new Error(`PostgreSQL does not answer: ${messageOf(error)}`, { cause: error });
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  }
}
