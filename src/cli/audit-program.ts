import type { Command } from "commander";
import { output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for the audit and the history. What they do is in `audit.ts`, loaded when called. */

type Actions = typeof import("./audit.ts");

const SERVER = "the server's own chain: people, logins, backups, keys (default: that of the tenant)";
const SINCE = "from this time on: 2026-03-01T08:00:00Z, or epoch milliseconds";

export function auditCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./audit.ts"))[action]);

  const audit = program
    .command("audit")
    .summary("who did what: list it, export it, and verify that it is as it was written");
  audit
    .command("list")
    .summary("entries, the newest first")
    .option("--actor <name>", "of this person, account or token, by name or id")
    .option("--action <action>", "`secret.read`, or `secret.*` for all of a room")
    .option("--subject <kind/name>", "about this: `structure`, or `structure/web1`, by name or id")
    .option("--since <time>", SINCE)
    .option("--until <time>", "up to this time")
    .option("--limit <count>", "at most so many", "100")
    .option("--follow", "show what is added from now on, as it happens")
    .option("--server", SERVER)
    .addOption(output())
    .action(does("list"));
  audit
    .command("head")
    .summary("where the chain ends, as SEQ:HASH: kept elsewhere, it proves later that nothing was taken away")
    .option("--server", SERVER)
    .addOption(output())
    .action(does("head"));
  audit
    .command("verify [file]")
    .summary(
      "whether every entry is as it was written, and none is missing; or those of an exported file, without a server",
    )
    .option("--head <seq:hash>", "a head that was kept elsewhere: it must still be in the chain")
    .option("--server", SERVER)
    .addOption(output())
    .action(does("verify"));
  audit
    .command("export")
    .summary("write entries as lines of JSON that can be verified anywhere")
    .requiredOption("--out <file>", "where to write them; `-`: standard output")
    .option("--from <seq>", "from this entry on", "1")
    .option("--since <time>", SINCE)
    .option("--follow", "go on with what is added")
    .option("--server", SERVER)
    .action(does("exportLines"));

  program
    .command("history <kind> <name>")
    .summary("what was done to a thing, by whom, and what it changed; also of what is gone")
    .option("--since <time>", SINCE)
    .addOption(output())
    .action(does("history"));
}
