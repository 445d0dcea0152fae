import { spawn } from "node:child_process";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { PROGRAM_LATE, PROGRAM_MISSING } from "./errors.ts";

/** Programs that drivers are made of: run with a list of arguments, bounded in time and output. */

/** More than a program says of use, in characters of each stream. */
const MOST_OUTPUT = 256 * 1024;

export interface ProgramUse {
  readonly arguments: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds after which it hangs, and is killed. */
  readonly limit: number;
  /** The Debian package that brings it, for who lacks it. */
  readonly package: string;
  /** Variables beside PATH, HOME and LC_ALL=C: nothing else of ours is seen by it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For its standard input. */
  readonly input?: string;
}

export interface Ended {
  /** Its exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, whatever its exit code. It gets SIGKILL when it is cancelled or late.
 * Throws `program_missing`, `program_late`, and the signal's reason.
 */
export function runProgram(name: string, use: ProgramUse): Promise<Ended> {
  const { clock, signal, limit } = use;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(name, [...use.arguments], { stdio: "pipe", env: programEnvironment(use.environment) });
    let late = false;
    const disarm = clock.after(limit, () => {
      late = true;
      child.kill("SIGKILL");
    });
    const kill = () => void child.kill("SIGKILL");
    signal.addEventListener("abort", kill, { once: true });
    function settle(): void {
      disarm();
      signal.removeEventListener("abort", kill);
    }
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].on("data", (chunk: Buffer) => {
        if (output[stream].length < MOST_OUTPUT) output[stream] += chunk.toString();
      });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      settle();
      const missing = `${name} is not installed on the worker's machine`;
      const hint = `Install Debian's package ${use.package} there.`;
      reject(cause.code === "ENOENT" ? new GantryError(PROGRAM_MISSING, missing, { cause, hint }) : cause);
    });
    child.once("close", (code) => {
      settle();
      if (signal.aborted) reject(signal.reason as Error);
      else if (late) reject(new GantryError(PROGRAM_LATE, `${name} did not end within ${limit / 1000} s`));
      else resolve({ code, ...output });
    });
    // It may end without reading what it is given.
    child.stdin.on("error", () => undefined);
    child.stdin.end(use.input ?? "");
  });
}

/** The environment of a program: little of ours, because ours may hold secrets. */
export function programEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = "", HOME = "/" } = process.env;
  return { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, LC_ALL: "C", ...more };
}

/** The end of what a program said, for a message. */
export function lastWords({ stdout, stderr }: Pick<Ended, "stdout" | "stderr">, most = 1000): string {
  const said = stderr.trim() === "" ? stdout.trim() : stderr.trim();
  return said.length > most ? `…${said.slice(-most)}` : said;
}
