import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for change sets. What they do is in `change-set.ts`, loaded when called. */

type Actions = Omit<typeof import("./change-set.ts"), "proposeEdits">;

export function changeCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./change-set.ts"))[action]);

  const change = program
    .command("change")
    .summary("propose changes, have them approved by somebody else, apply them together, take them back");
  const content = (command: Command): Command =>
    command
      .option("--edits <file>", "edits of the inventory: a list, as YAML or JSON (`-`: standard input)")
      .option("--cascade", "what depends on something that is deleted goes with it")
      .option("--design <path...>", "documents of a design that is to be applied")
      .option("--destroy <name>", "a design that is to be taken down");
  content(change.command("propose <title>").summary("propose edits, or that a design be applied or taken down"))
    .option("--description <text>", "why")
    .addOption(output())
    .addHelpText("after", EXAMPLES.propose)
    .action(does("propose"));
  change
    .command("list")
    .summary("change sets, the newest first")
    .addOption(new Option("--state <state>", "which").choices(["open", "applied", "closed", "all"]).default("open"))
    .addOption(output())
    .action(does("list"));
  change
    .command("show <number>")
    .summary("what one would change, who said what of it, and what it lacks")
    .addOption(output())
    .action(does("show"));
  content(change.command("amend <number>").summary("give one of your own other content; approvals lapse"))
    .option("--title <title>", "another title")
    .option("--description <text>", "another description")
    .addOption(output())
    .action(does("amend"));
  change.command("comment <number> <text...>").summary("say something of one").action(does("comment"));
  change
    .command("approve <number>")
    .summary("approve one of somebody else")
    .option("--comment <text>", "say something as well")
    .action(does("approve"));
  change
    .command("reject <number>")
    .summary("reject one of somebody else, until it is amended or you approve it")
    .option("--comment <text>", "say why")
    .action(does("reject"));
  for (const [action, summary] of [
    ["rebase", "bring one to the truth as it is now"],
    ["apply", "make what was approved: all of it, or nothing"],
    ["close", "give one up"],
    ["revert", "propose a new one that takes an applied one back"],
  ] as const)
    change.command(`${action} <number>`).summary(summary).addOption(output()).action(does(action));
  const rule = change.command("rule").summary("how many must approve, and whether changes may be made directly");
  rule.command("list").summary("rules of the tenant and its sites").addOption(output()).action(does("rules"));
  rule
    .command("set")
    .summary("set the rule of the tenant, or of a site with those below it")
    .requiredOption("--approvals <count>", "how many people besides the author must approve")
    .option("--site <site>", "of this site")
    .option("--no-direct", "refuse changes that are made without a change set")
    .action(does("setRule"));
  rule
    .command("delete")
    .summary("remove the rule of the tenant, or of a site")
    .option("--site <site>", "of this site")
    .action(does("deleteRule"));
}
