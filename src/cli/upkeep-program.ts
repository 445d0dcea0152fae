import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands that keep a server safe and find its faults. What they do is loaded when called. */

export function upkeepCommands(program: Command, handle: Handle): void {
  const sealedWith = (command: Command): Command =>
    command
      .option("--passphrase-file <file>", "the passphrase it is sealed with, for the owner alone")
      .option("--key-file <file>", "or 32 random bytes it is sealed with, for the owner alone");
  sealedWith(
    program
      .command("backup")
      .summary("write all the server knows into one sealed file, while it runs; or check such a file")
      .option("--out <file>", "where to write it; must not exist")
      .option("--check <file>", "read a backup and compare every hash in it, and restore nothing"),
  )
    .option("--with-master-key", "take the file along that opens the secrets in it")
    .addOption(output())
    .addHelpText("after", EXAMPLES.backup)
    .action(handle(async () => (await import("./backup.ts")).backup));
  sealedWith(
    program
      .command("restore <file>")
      .summary("make a server's data from a backup: into an empty --data folder and an empty database"),
  )
    .option("--database <url>", "sqlite:FILE or postgres://… (default: a SQLite file in the data folder)")
    .addHelpText("after", EXAMPLES.restore)
    .action(handle(async () => (await import("./backup.ts")).restore));

  program
    .command("support-bundle")
    .summary("gather what helps to find a fault, without anything secret")
    .requiredOption("--out <file>", "where to write it, a .tgz; must not exist")
    .action(handle(async () => (await import("./support.ts")).supportBundle));
}
