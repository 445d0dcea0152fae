import { type Command, Option } from "commander";
import type { CommandContext } from "./context.ts";
import { OUTPUT_FORMATS } from "./output.ts";

/** What the files that declare commands share. */

/** Does what a command is for. Resolves with the exit code, if it is not 0. */
export type Action = (
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
) => Promise<number | void>;

/** Makes the handler of a command from what does it, which is loaded when the command is called. */
export type Handle = (load: () => Promise<Action>) => (...received: unknown[]) => Promise<void>;

export function output(): Option {
  return new Option("-o, --output <format>", "how to print").choices(OUTPUT_FORMATS).default("table");
}

export function yes(): Option {
  return new Option("-y, --yes", "do not ask");
}

/** Gathers an option that may be repeated. One that takes several values at once would swallow the arguments behind it. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** `… systemd`, the same for servers, agents and workers. */
export function systemdCommand(parent: Command, what: string): Command {
  return parent
    .command("systemd")
    .summary(`write the unit by which systemd runs ${what} of this installation`)
    .option("--user", "for your own systemd (systemctl --user), and not for the machine's")
    .option("--out <file>", "another place for it")
    .option("--stdout", "print it, and write nothing");
}
