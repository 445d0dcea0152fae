import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry secret`. What it does is in `secret.ts`, loaded when called. */

type Actions = typeof import("./secret.ts");

export function secretCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./secret.ts"))[action]);

  const secret = program.command("secret").summary("values that are kept sealed: passwords, keys, certificates");
  /** Who has it; without any of them it is the tenant. */
  const owned = (command: Command): Command =>
    command
      .option("--structure <name>", "of this structure (without an owner: of the tenant)")
      .option("--site <name>", "of this site")
      .option("--group <name>", "of this group")
      .addOption(output());
  owned(secret.command("list").summary("secrets, without their values"))
    .option("--name <name>", "of this name")
    .action(does("list"));
  owned(secret.command("show <name>").summary("what is known of a secret beside its value")).action(does("show"));
  owned(secret.command("get <name>").summary("the value of a secret; each reading is audited"))
    .option("--out <file>", "write it into this file, for its owner alone")
    .action(does("get"));
  owned(secret.command("set <name>").summary("keep a secret, or replace its value"))
    .requiredOption(
      "--value-file <file>",
      "the value; `-`: from standard input. Of a text, a line feed at its end is left out",
    )
    .addOption(new Option("--kind <kind>", "what it is (default: as it looks)").choices(["text", "pem", "blob"]))
    .option("--description <text>", "what it is for")
    .option("--expires <time>", "from then on it is not opened: 2026-12-31, 2026-12-31T08:00:00Z, never")
    .addHelpText("after", EXAMPLES.secret)
    .action(does("set"));
  owned(secret.command("delete <name>").summary("remove a secret for good")).addOption(yes()).action(does("remove"));
  secret
    .command("status")
    .summary("whether secrets can be opened, by which keys, and how far sealing anew is")
    .addOption(output())
    .action(does("status"));
  secret
    .command("unlock")
    .summary("look for the master key now, where the server looks for it")
    .addOption(output())
    .action(does("unlock"));
  secret
    .command("rotate-data")
    .summary("give the tenant a new data key, and seal all its secrets by it")
    .option("--detach", "do not wait until all are sealed")
    .addOption(output())
    .action(does("rotateData"));
  secret
    .command("rotate-master")
    .summary("wrap all data keys by a new master key")
    .option("--to <source>", "where the new one is (default: what the configuration names)")
    .addOption(output())
    .action(does("rotateMaster"));
}
