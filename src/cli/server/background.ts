import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SERVER_NOT_RUNNING } from "../../client/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import { ensurePrivateFolder, isSameProcess } from "../../platform/files/index.ts";
import type { CommandContext } from "../context.ts";
import { SERVER_DID_NOT_START } from "../errors.ts";

/** What a running server writes about itself into its data folder (`server.json`). */
export interface ServerRecord {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot: with the pid it names one process for good. */
  readonly start: string;
  readonly version: string;
  readonly urls: readonly string[];
  readonly socket: string;
}

export interface ServerState {
  readonly running: boolean;
  readonly record: ServerRecord | undefined;
}

/**
 * How the C library of Linux systems keeps memory that was freed (mallopt(3)): by default it keeps more and more, for each thread apart. A
 * server uses much for a moment, when it starts or something is built, and then waits for days. What is asked for in pieces of 8 KB and more
 * is given back at once, and of a buffer only what was written to is taken: with 5,000 agents a server takes 45 MB less so, in about 1,700
 * pieces.
 */
export const FRUGAL_MEMORY = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
  MALLOC_MMAP_THRESHOLD_: String(8 * 1024),
  MALLOC_TOP_PAD_: "0",
};

/**
 * What V8 is told when a server starts, beside what every command is told. Objects of one request or one round of results live for a second:
 * where they have too little room, they are taken for old ones, and moved and looked for at a third of the processor's time.
 */
export const SERVER_FLAGS: readonly string[] = ["--max-semi-space-size=8"];

const START_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 30_000;
const LOOK_MILLISECONDS = 30;

export async function serverState(context: CommandContext): Promise<ServerState> {
  const record = await readRecord(context.dataFolder);
  return { running: await answers(context), record };
}

/** Starts a server in the background unless one answers. */
export async function ensureServer(context: CommandContext, args: readonly string[] = []): Promise<boolean> {
  if (await answers(context)) return false;
  const { compileForServer } = await import("./compiled.ts");
  await compileForServer();
  await ensurePrivateFolder(context.dataFolder);
  if (args.length === 0) await makeCertificates(context.dataFolder);
  const logPath = join(context.dataFolder, "server.log");
  const log = await open(logPath, "a", 0o600);
  const logStart = (await log.stat()).size;
  try {
    const child = spawn(
      process.execPath,
      [...process.execArgv, ...SERVER_FLAGS, process.argv[1]!, "server", "run", "--data", context.dataFolder, ...args],
      {
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        env: { ...FRUGAL_MEMORY, ...process.env },
      },
    );
    let ended: string | undefined;
    child.on("error", (error) => {
      ended = error.message;
    });
    child.on("exit", (code, signal) => {
      ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
    });
    child.unref();
    const deadline = performance.now() + START_MILLISECONDS;
    while (!(await answers(context))) {
      if (ended !== undefined || performance.now() > deadline) {
        const said = await saidSince(logPath, logStart);
        throw new GantryError(
          SERVER_DID_NOT_START,
          `the server did not start (${ended ?? "no answer in 30 s"})${said === "" ? "" : `:\n${said}`}`,
          {
            hint: `Its log is ${logPath}.`,
          },
        );
      }
      await pause();
    }
    return true;
  } finally {
    await log.close();
  }
}

/** Makes them for the server on its first start, when the command line says nothing of them. */
async function makeCertificates(dataFolder: string): Promise<void> {
  if (existsSync(join(dataFolder, "tls"))) return;
  const { prepareCertificates } = await import("../../server/index.ts");
  // Whatever is wrong, the server meets it too, and says it in its log.
  await prepareCertificates({ dataFolder, flags: {}, environment: process.env }).catch(() => undefined);
}

/** Asks the server to end, and waits until its process is gone. */
export async function stopServer(context: CommandContext): Promise<void> {
  const record = await readRecord(context.dataFolder);
  if (record === undefined || !isSameProcess(record)) {
    throw new GantryError(SERVER_NOT_RUNNING, `no server runs with the data folder ${context.dataFolder}`);
  }
  process.kill(record.pid, "SIGTERM");
  const deadline = performance.now() + STOP_MILLISECONDS;
  while (isSameProcess(record)) {
    if (performance.now() > deadline) process.kill(record.pid, "SIGKILL");
    await pause();
  }
}

async function answers(context: CommandContext): Promise<boolean> {
  try {
    await context.client.server.readyz();
    return true;
  } catch {
    return false;
  }
}

async function readRecord(dataFolder: string): Promise<ServerRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(dataFolder, "server.json"), "utf8")) as ServerRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What the server printed for people before it ended: lines of its log that are no log records. */
async function saidSince(logPath: string, from: number): Promise<string> {
  const text = (await readFile(logPath)).subarray(from).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("{"))
    .slice(-10)
    .join("\n");
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LOOK_MILLISECONDS);
  });
}
