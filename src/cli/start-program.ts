import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { collect, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry exec` and `gantry orchestrate`. What they do is loaded when called. */

const TARGETS =
  "NAME, group:NAME, site:NAME, label:KEY=VALUE, blueprint:NAME, vars:PATH=VALUE, /REGEX/; with ! not these";

export function startCommands(program: Command, handle: Handle): void {
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
    // What is said of several texts says what to do.
    .allowExcessArguments()
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
