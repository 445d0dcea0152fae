import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { collect, output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for those who write programs. What they do is loaded when called. */

export function toolCommands(program: Command, handle: Handle): void {
  program
    .command("shell")
    .summary("JavaScript with the client as `gantry`, line by line, or from --eval or a pipe")
    .option("-e, --eval <code>", "run this, and print its value")
    .addHelpText("after", EXAMPLES.shell)
    .action(handle(async () => (await import("./shell.ts")).shell));

  const tscript = program.command("tscript").summary("check and run TScript");
  tscript
    .command("check <file...>")
    .summary("report every problem, with line and column")
    .action(handle(async () => (await import("./tscript.ts")).check));
  tscript
    .command("run <file>")
    .summary("run a script that needs no worker")
    .option(
      "--variable <name=value>",
      "a variable the script begins with (its value is JSON, else text); may be repeated",
      collect,
    )
    .addOption(output())
    .action(handle(async () => (await import("./tscript.ts")).run));

  program
    .command("completion <shell>")
    .summary("print a completion script for bash, zsh or fish")
    .action(
      handle(async () => {
        const [{ completion }, { wholeProgram }] = await Promise.all([
          import("./completion.ts"),
          import("./program.ts"),
        ]);
        return async (context, _options, args) =>
          completion(context, await wholeProgram(context.terminal), args[0] ?? "");
      }),
    );
}
