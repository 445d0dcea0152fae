import { type Command, Option } from "commander";
import { EXAMPLES } from "./examples.ts";
import { KINDS } from "./kinds.ts";
import { LIST_FORMATS } from "./output.ts";
import { collect, output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for the inventory. What they do is loaded when called. */

const at = (): Option =>
  new Option("--at <time>", "as it was then: 2026-03-01T08:00:00Z, or epoch milliseconds (default: as it is)");

export function inventoryCommands(program: Command, handle: Handle): void {
  anyKindCommands(program, handle);
  ownCommands(program, handle);
}

/** The same for things of every kind. */
function anyKindCommands(program: Command, handle: Handle): void {
  const proposing = (): Option =>
    new Option("--propose <title>", "do not do it: propose it as a change set of this title");
  const kindNames = KINDS.map((kind) => kind.plural).join(", ");
  program
    .command("get <kind>")
    .summary("list things of one kind: structures, sites, jobs …")
    .description(`Lists things of one kind. Kinds are: ${kindNames}.`)
    .addOption(new Option("-o, --output <format>", "how to print").choices(LIST_FORMATS).default("table"))
    .option("--site <site>", "of this site, and of those below it")
    .option("--group <group>", "in this group, or in one below it")
    .option("--blueprint <blueprint>", "made by this blueprint, or by one that builds upon it")
    .option("--parent <parent>", "directly below this one")
    .option("--kind <kind>", "sites and groups of this kind: rack")
    .option("--role <role>", "structures with this role")
    .option("--complex <complex>", "foundations this complex offers, or structures on them")
    .option("--foundation <foundation>", "structures, interfaces or dependencies of this foundation")
    .option("--state <state>", "planned, located (foundations), building, built, failed or destroying")
    .option("--label <name=value>", "with this label; `NAME` alone: with any value; may be repeated", collect)
    .option(
      "--vars <path=value>",
      "whose resolved variables have this value (JSON, else text) at this path; may be repeated",
      collect,
    )
    .option("--sort <field>", "in this order; `-field`: the other way round")
    .option("--fields <fields>", "only these, joined by commas: name,site,labels.rack")
    .addOption(at())
    .option("--limit <count>", "at most so many", "1000")
    .addHelpText("after", EXAMPLES.get)
    .action(handle(async () => (await import("./get.ts")).get));
  program
    .command("show <kind> <name>")
    .summary("show one thing, whole")
    .addOption(at())
    .addOption(new Option("-o, --output <format>", "how to print").choices(["yaml", "json", "table"]).default("yaml"))
    .action(handle(async () => (await import("./get.ts")).show));
  program
    .command("create <kind> [name] [path=value...]")
    .summary("make one thing, or those in a file")
    .description(
      "Makes one thing. A path is names joined by dots (a dot within a name is written `\\.`), a value is YAML. A file holds one thing or a list.",
    )
    .option("-f, --file <file>", "YAML or JSON with the thing, or a list of things; `-`: standard input")
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.create)
    .action(handle(async () => (await import("./change.ts")).create));
  program
    .command("set <kind> <name> [path=value...]")
    .summary("change one thing")
    .description(
      "Changes members of one thing. A path is names joined by dots, a value is YAML; `PATH=` with nothing, and --remove, take it away.",
    )
    .option("--remove <path>", "take this away; may be repeated", collect)
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.set)
    .action(handle(async () => (await import("./change.ts")).set));
  program
    .command("delete <kind> <name...>")
    .summary("delete things; says what would go along, and asks")
    .option("--cascade", "also what lies below it or hangs on it")
    .addOption(yes())
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.delete)
    .action(handle(async () => (await import("./delete.ts")).remove));
}

/** Those of one kind, and of all together. */
function ownCommands(program: Command, handle: Handle): void {
  const address = program.command("address").summary("give out addresses of a block, and take them back");
  address
    .command("allocate <block>")
    .summary("give a structure the lowest free addresses, or one that is named; prints them")
    .requiredOption("--structure <name>", "who gets it")
    .option("--count <count>", "how many (default: 1)")
    .option("--address <address>", "this one")
    .option("--interface <device>", "the interface that has it")
    .addOption(output())
    .addHelpText("after", EXAMPLES.allocate)
    .action(handle(async () => (await import("./address.ts")).allocate));
  address
    .command("release <block> [address...]")
    .summary("take addresses back: those named, or all a structure has of the block")
    .option("--structure <name>", "who gives them back")
    .addOption(output())
    .action(handle(async () => (await import("./address.ts")).release));
  address
    .command("list <block>")
    .summary("who has which, and how many are left")
    .addOption(output())
    .action(handle(async () => (await import("./address.ts")).list));

  const structure = program.command("structure").summary("look into structures and change them");
  structure
    .command("vars <name>")
    .summary("its resolved variables")
    .option("--explain", "say where each value comes from, and what it overrode")
    .addOption(at())
    .addOption(output())
    .addHelpText("after", EXAMPLES.vars)
    .action(handle(async () => (await import("./structure.ts")).variables));
  structure
    .command("set <name> <key=value...>")
    .summary("set variables of its own (values are YAML; `key=` with nothing removes it)")
    .action(handle(async () => (await import("./structure.ts")).set));

  const inventory = program.command("inventory").summary("bring inventories in from other systems, and out to Ansible");
  inventory
    .command("import <path>")
    .summary("import a file, a folder or a .tgz: show the plan, ask, and write it")
    .description(
      "Imports what OpenStack-Ansible, Ansible, NetBox or a table says. What was imported under the same name before is compared with it: rows are created, changed and removed, and what others changed stays.",
    )
    .addOption(
      new Option("--format <format>", "what it is (default: guessed from what is in it)").choices([
        "osa",
        "osa-config",
        "ansible",
        "csv",
        "netbox",
      ]),
    )
    .option("--name <name>", "what the import is called (default: the file's name)")
    .option("--site <site>", "site of what the source says no site of (default: one named as the import)")
    .option("--plan", "show what it would do, and change nothing")
    .addOption(yes())
    .addOption(output())
    .action(handle(async () => (await import("./inventory-import.ts")).importInventory));
  inventory
    .command("export")
    .summary("write an inventory that Ansible runs at once")
    .description(
      "Writes an Ansible inventory of all structures, or of those that every filter holds for: a folder with ansible.cfg in which ansible-playbook runs, an archive of it, or one JSON document.",
    )
    .option("--group <group>", "structures of this group, by id or name", "all")
    .addOption(
      new Option("--format <format>", "what to write").choices(["folder", "tgz", "zip", "json"]).default("folder"),
    )
    .requiredOption("--out <path>", "where to write it")
    .option("--site <site>", "structures of this site, or one below it")
    .option("--blueprint <blueprint>", "structures made by this blueprint, or by one that builds upon it")
    .option("--label <label>", "KEY or KEY=VALUE; may be repeated", collect)
    .option(
      "--vars <path:value>",
      "structures whose resolved variables hold this JSON value there; may be repeated",
      collect,
    )
    .option("--host <name>", "this structure; may be repeated", collect)
    .addOption(at())
    .option("--each", "a bundle for each host")
    .option("--no-builtin", "leave out the built-in variables (_id, _site …)")
    .option(
      "--vault-password-file <file>",
      "put secrets in, encrypted by this password: the server never has it (of a folder; needs the right to read them)",
    )
    .option("--force", "replace what no export has made")
    .action(handle(async () => (await import("./inventory-export.ts")).exportInventory));
}
