import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry verb`. What it does is in `verb.ts`, loaded when called. */

type Actions = Pick<typeof import("./verb.ts"), "add" | "list" | "show" | "remove">;

export function verbCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./verb.ts"))[action]);
  const verb = program
    .command("verb")
    .summary("verbs of your own: registered here, signed by the server, shipped to the nodes")
    .addHelpText("after", EXAMPLES.verb);
  verb
    .command("add <file...>")
    .summary("register a verb, or replace it: a module (.mjs, .js, .ts), or any program")
    .action(does("add"));
  verb.command("list").summary("verbs that were registered").addOption(output()).action(does("list"));
  verb.command("show <name>").summary("what a verb does, and its options").addOption(output()).action(does("show"));
  verb
    .command("remove <name>")
    .summary("remove a verb; runs that have begun go on with it")
    .addOption(yes())
    .action(does("remove"));
}
