import type { Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for blueprints. What they do is in `blueprint.ts`, loaded when called. */

type Actions = typeof import("./blueprint.ts");

export function blueprintCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./blueprint.ts"))[action]);
  const blueprint = program.command("blueprint").summary("how things are made: import blueprints, and check them");
  blueprint
    .command("import <path...>")
    .summary("import blueprints from files or folders: show the plan, ask, and write it")
    .description(
      "Imports blueprints: the section `blueprints` of YAML documents, and Contractor's resource files (TOML). What was imported under the same name before is compared with it.",
    )
    .option("--name <name>", "what the import is called (default: the name of the one file or folder)")
    .option("--dry-run", "show what it would do, and change nothing")
    .addOption(yes())
    .addOption(output())
    .addHelpText("after", EXAMPLES.blueprintImport)
    .action(does("importBlueprints"));
  blueprint
    .command("check [path...]")
    .summary("report every problem of blueprints, with file, line and column")
    .option("--all", "of the blueprints in the inventory, in place of files")
    .addOption(output())
    .addHelpText("after", EXAMPLES.blueprintCheck)
    .action(does("check"));
}
