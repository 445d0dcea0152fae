import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { collect, output, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry job` and `gantry events`. What they do is loaded when called. */

export function jobCommands(program: Command, handle: Handle): void {
  const job = program.command("job").summary("look into jobs and control them");
  job
    .command("start <script>")
    .summary("run a script of a blueprint: create, update, destroy, or any other it has")
    .option("--structure <name>", "on this structure")
    .option("--foundation <name>", "on this foundation")
    .option("--group <name>", "on each structure of this group and of those below it")
    .option("--wait", "until it has ended; 1 unless all is done")
    .addOption(output())
    .action(handle(async () => (await import("./job-start.ts")).start));
  job
    .command("log <id>")
    .summary("every step and message of a job")
    .option("--follow", "go on until the job ends")
    .addOption(output())
    .action(handle(async () => (await import("./job.ts")).log));
  for (const [action, summary] of [
    ["pause", "stop it after the step at hand"],
    ["resume", "let a paused job go on"],
    ["cancel", "end it: stop what it does, take back what can be taken back"],
    ["retry", "run a failed job on from where it failed"],
    ["rollback", "take back the call it stands at; it is paused before it"],
  ] as const) {
    job
      .command(`${action} <id>`)
      .summary(summary)
      .action(handle(async () => (await import("./job.ts")).control(action)));
  }
  job
    .command("jump <id> <label>")
    .summary("let a paused or failed job go on at a label of its script")
    .action(handle(async () => (await import("./job.ts")).jump));

  program
    .command("events")
    .summary("what happened")
    .option("--follow", "go on as it happens, also over a restart of the server")
    .option("--type <type>", "`job.finished`, or `job.*` for all of a room; may be repeated", collect)
    .option("--subject <kind/name>", "what it happened to: `structure`, or `structure/web1`")
    .option("--after <cursor>", "only what came after this")
    .option("--limit <count>", "without --follow: at most so many", "1000")
    .addOption(output())
    .addHelpText("after", EXAMPLES.events)
    .action(handle(async () => (await import("./events.ts")).events));
}
