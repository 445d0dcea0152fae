import { readFileSync } from "node:fs";
import { systemClock } from "../kernel/clock.ts";
import { checkFiles, runFile } from "../tscript/index.ts";
import type { CommandContext } from "./context.ts";
import { printable } from "./terminal.ts";

/** `gantry tscript check FILE…`. */
export async function check(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  return checkFiles(args, { read: readText, write: (line) => context.terminal.error(`${printable(line)}\n`) });
}

/** `gantry tscript run FILE`. */
export async function run(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  return runFile(args[0] ?? "", {
    read: readText,
    write: (line) => context.terminal.out(`${printable(line)}\n`),
    variables: (options["variable"] as readonly string[] | undefined) ?? [],
    output: context.output === "table" ? "table" : "json",
    clock: systemClock,
  });
}

function readText(file: string): string {
  return readFileSync(file, "utf8");
}
