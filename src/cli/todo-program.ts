import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry todo`. What it does is in `todo.ts`, loaded when called. */

type Actions = typeof import("./todo.ts");

export function todoCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./todo.ts"))[action]);
  const todo = program
    .command("todo")
    .summary("what people are asked to do, and saying that it is done")
    .addOption(output())
    .addHelpText("after", EXAMPLES.todo)
    .action(does("list"));
  todo
    .command("done <id>")
    .summary("say that it is done: its job goes on")
    .option("--note <text>", "for the job's log; also what the script gets, when no value is given")
    .option("--value <value>", "what the script's call answers: JSON, or text")
    .action(does("done"));
  todo
    .command("failed <id>")
    .summary("say that it cannot be done: its job fails there, and can be tried again")
    .requiredOption("--note <text>", "why")
    .action(does("failed"));
}
