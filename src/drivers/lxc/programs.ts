import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { type Ended, lastWords, runProgram } from "../programs.ts";
import { LXC_FAILED } from "./errors.ts";

/** The programs LXC foundations are made with. */

/** What a program is run under. */
export type Under = Pick<FunctionContext, "clock" | "signal">;

/** By the beginning of a program's name, the Debian package that brings it. */
const PACKAGES = { "lxc-": "lxc", ip: "iproute2", nft: "nftables", tar: "tar", nsenter: "util-linux" };
/** Milliseconds after which a program hangs; unpacking takes what it takes. */
const LIMIT = 120_000;
const UNPACK_LIMIT = 3_600_000;

/** Runs a program to its end, whatever that is. Throws `program_missing`, `program_late`, and the signal's reason. */
export function run(program: string, words: readonly string[], under: Under, input?: string): Promise<Ended> {
  const [, name = program] = Object.entries(PACKAGES).find(([start]) => program.startsWith(start)) ?? [];
  const { clock, signal } = under;
  return runProgram(program, {
    arguments: words,
    clock,
    signal,
    limit: program === "tar" ? UNPACK_LIMIT : LIMIT,
    package: name,
    ...(input === undefined ? {} : { input }),
  });
}

/** The same for what has to go well. Returns what it printed. Throws `lxc_failed` with what it said. */
export async function must(
  what: string,
  program: string,
  words: readonly string[],
  under: Under,
  input?: string,
): Promise<string> {
  const ended = await run(program, words, under, input);
  if (ended.code === 0) return ended.stdout;
  throw failed(what, program, ended);
}

/** `said`: in place of what the program printed. */
export function failed(what: string, program: string, ended: Ended, said?: string): GantryError {
  const words = said === undefined ? lastWords(ended) : lastWords({ stdout: said, stderr: "" });
  const end = words === "" ? "" : `:\n${words}`;
  return new GantryError(LXC_FAILED, `cannot ${what}: ${program} ended with exit code ${ended.code}${end}`);
}

/** The log of a program of LXC, without the time, the container and the place in LXC's source. */
export function plainLog(text: string): string {
  const lines = text.trim().split("\n");
  return lines.map((line) => line.replace(/^.*? ERROR\s+\S+ - \S+:\d+ - /, "")).join("\n");
}

/** For what is tidied up after a failure, also after a cancel, which ends all else. */
export function afterwards({ clock }: Under): Under {
  return { clock, signal: new AbortController().signal };
}
