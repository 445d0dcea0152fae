import { spawn } from "node:child_process";
import { GantryError } from "../kernel/errors.ts";
import { readPrivateFile } from "../platform/files/index.ts";
import { DNS_KEY_FILE, DNS_PROGRAM_MISSING, DNS_SERVER_UNREACHABLE } from "./errors.ts";

/** What drivers of name servers have in common: they run programs, and read keys. */

/** A program that has not ended by then hangs. */
const PATIENCE = 15_000;
/** More than a program says of use. */
const MOST_OUTPUT = 64 * 1024;

export interface Ended {
  readonly code: number | null;
  /** What it wrote on both streams. */
  readonly output: string;
}

/**
 * Runs a program with a list of arguments and a text on its standard input.
 *
 * Errors: `dns_program_missing`, `dns_server_unreachable` when it does not end in time.
 */
export function runProgram(name: string, args: readonly string[], signal: AbortSignal, input = ""): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(PATIENCE);
    const child = spawn(name, [...args], {
      stdio: "pipe",
      signal: AbortSignal.any([signal, late]),
      killSignal: "SIGKILL",
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        if (output.length < MOST_OUTPUT) output += chunk.toString();
      });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") reject(new GantryError(DNS_PROGRAM_MISSING, `${name} is not installed`, { cause }));
      else if (late.aborted)
        reject(new GantryError(DNS_SERVER_UNREACHABLE, `${name} did not end within ${PATIENCE / 1000} s`, { cause }));
      else reject(cause);
    });
    child.once("close", (code) => resolve({ code, output: output.trim() }));
    // It may end without reading what it is given.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** The longest file with a key. */
const LONGEST_KEY = 64 * 1024;

/**
 * Reads a file that holds a key: it must belong to the server's own user (or root), and nobody else may read it.
 *
 * Errors: `dns_key_file`.
 */
export async function readKeyFile(path: string): Promise<string> {
  return (await readPrivateFile(path, LONGEST_KEY, DNS_KEY_FILE)).toString("utf8");
}
