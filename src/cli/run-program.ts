import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry run`. What it does is loaded when called. */

type Runs = typeof import("./run.ts");

export function runCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Runs) => handle(async () => (await import("./run.ts"))[action]);
  const run = program
    .command("run")
    .summary("runs: what `exec` and `orchestrate` did on the nodes, and do now")
    .addHelpText("after", EXAMPLES.run);
  run
    .command("list", { isDefault: true })
    .summary("the newest first (what plain `gantry run` does)")
    .option("--limit <count>", "so many of them", "20")
    .addOption(output())
    .action(does("list"));
  run
    .command("show [run]")
    .summary("how far a run is, or how it ended, on each node (default: the newest)")
    .addOption(output())
    .action(does("show"));
  run
    .command("results [run]")
    .summary("how every verb ended on every node")
    .option("--node <name>", "on this node alone")
    .addOption(
      new Option("--state <state>", "those that ended so").choices([
        "ok",
        "changed",
        "failed",
        "skipped",
        "interrupted",
        "unreachable",
      ]),
    )
    .addOption(output())
    .action(does("results"));
  run.command("output [run]").summary("what the nodes wrote, and write until it ends").action(does("output"));
  run
    .command("analyze [run]")
    .summary("where the time went: the slowest verbs and the slowest nodes")
    .addOption(output())
    .action(does("analyze"));
  run
    .command("export [run]")
    .summary("all of a run as lines of JSON: its verbs, their results and output")
    .option("--file <file>", "write it there (default: print it)")
    .action(does("exportRun"));
  run
    .command("cancel <run>")
    .summary("stop what it has out, and begin nothing more")
    .addOption(yes())
    .action(does("cancel"));
  run
    .command("purge [runs...]")
    .summary("remove runs that have ended, with their output")
    .option("--older-than <days>", "all that ended before so many days")
    .addOption(yes())
    .action(does("purge"));
}
