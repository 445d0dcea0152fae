import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { collect, output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry exec`, `gantry orchestrate` and `gantry run`. What they do is loaded when called. */

type Runs = typeof import("./run.ts");

const TARGETS =
  "NAME, group:NAME, site:NAME, label:KEY=VALUE, blueprint:NAME, vars:PATH=VALUE, /REGEX/; with ! not these";

export function runCommands(program: Command, handle: Handle): void {
  startCommands(program, handle);
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

function startCommands(program: Command, handle: Handle): void {
  program
    .command("exec <text>")
    .summary("run a verb on nodes and stream the output")
    .description(
      "Runs a verb on nodes. Plain text is a command for RUN; options of the verb stand in front of it: '--timeout 5 uptime'. docs/verbs.md describes the verbs.",
    )
    .option("--target <target>", `nodes: ${TARGETS}; may be repeated (default: all)`, collect)
    .option("--verb <verb>", "RUN, ARG, ADD, SERVICE, PACKAGE …", "RUN")
    .option("--plan", "change nothing: every node says what it would do")
    .option("--detach", "print the run's id and return at once")
    .option("--poll", "show how far it is, and not what the nodes write")
    // The options of a verb stand within the text, which may so begin with a dash.
    .allowUnknownOption()
    .action(handle(async () => (await import("./exec.ts")).exec));
  program
    .command("orchestrate [files...]")
    .summary("run the verbs of orchestration files on nodes")
    .description("Runs the verbs of orchestration files on nodes: docs/orchestrations.md describes the files.")
    .option("--check", "only read the files, and print what is in them with the ids of the verbs")
    .option("--plan", "change nothing: every node says what it would do")
    .option("--target <target>", `in the place of the targets in the files: ${TARGETS}; may be repeated`, collect)
    .option("--restrict <id>", "only the verbs with this id or name; may be repeated", collect)
    .option("--ignore-cache", "do also what nodes remember to have done")
    .option("--resume <run>", "only what failed or was not done in this run")
    .option("--detach", "print the run's id and return at once")
    .option("--poll", "show how far it is, and not what the nodes write")
    .addHelpText("after", EXAMPLES.orchestrate)
    .action(handle(async () => (await import("./orchestrate.ts")).orchestrate));
}
