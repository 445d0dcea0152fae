import { Option, type Command } from "commander";
import { collect, output, type Handle } from "./program-parts.ts";

/** Names, options and help of `gantry query`. What it does is in `query.ts`, loaded when called. */

type Actions = typeof import("./query.ts");

const FORMATS = ["table", "json", "yaml", "dot"];

export function queryCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./query.ts"))[action]);
  const graph = (): Option =>
    new Option("-o, --output <format>", "how to print; dot: a graph for Graphviz").choices(FORMATS).default("table");

  const query = program
    .command("query")
    .summary("ask: how many, what goes down with it, what it uses, what is not as designed");
  query
    .command("count")
    .summary("how many structures there are, and where")
    .option("--blueprint <blueprint>", "made by this blueprint, or by one that builds upon it")
    .option("--site <site>", "in this site, or below it")
    .option("--role <role>", "with this role")
    .option("--state <state>", "planned, building, built, failed, destroying or recorded")
    .option(
      "--by <what>",
      "tell them apart by site, blueprint, role, state or type; may be repeated (default: site)",
      collect,
    )
    .addOption(output())
    .action(does("count"));
  query
    .command("affected <kind> <name...>")
    .summary("what is affected when these go down: structures, foundations, sites, networks, complexes …")
    .option("--limit <count>", "at most so many", "1000")
    .addOption(graph())
    .action(does("affected"));
  query
    .command("uses [structure...]")
    .summary("which machines, VMs and else a service stands on and uses")
    .option("--group <group>", "the structures of this group and those below it")
    .option("--blueprint <blueprint>", "those made by this blueprint, or by one that builds upon it")
    .option("--role <role>", "those with this role")
    .option("--limit <count>", "at most so many", "1000")
    .addOption(graph())
    .action(does("uses"));
  query
    .command("differences")
    .summary("what is not as designed: failed, missing, outdated, edited by others …")
    .option("--site <site>", "in this site, or below it")
    .option("--look", "ask drivers and agents what really is there: what was removed, switched off or ended")
    .option("--limit <count>", "at most so many", "1000")
    .addOption(output())
    .action(does("differences"));
}
