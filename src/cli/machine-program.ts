import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for machines that register. What they do is in `machine.ts`, loaded when called. */

type Actions = typeof import("./machine.ts");

export function machineCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./machine.ts"))[action]);
  const machine = program.command("machine").summary("machines that registered: which foundation each is, or why none");
  machine
    .command("list")
    .summary("every machine that registered")
    .addOption(
      new Option("--state <state>", "of these alone").choices([
        "located",
        "unmatched",
        "ambiguous",
        "conflict",
        "unfit",
      ]),
    )
    .option("--site <site>", "that registered at this site")
    .addOption(output())
    .action(does("list"));
  machine
    .command("show <id>")
    .summary("one machine: what it is made of, which foundation it is, and what it lacks")
    .addOption(output())
    .action(does("show"));
  machine
    .command("assign <id> [foundation]")
    .summary("say which foundation a machine is")
    .option("--clear", "let it be found out again")
    .addHelpText("after", EXAMPLES.machine)
    .action(does("assign"));
  machine
    .command("forget <id...>")
    .summary("forget machines that are gone; one that is there may register again")
    .addOption(yes())
    .action(does("forget"));
  const token = machine
    .command("token")
    .summary("registration tokens, for boot images: they let machines register, and nothing else");
  token
    .command("create")
    .summary("make one, and print it: it is never shown again")
    .requiredOption("--site <site>", "the site its machines stand at, or below it")
    .option("--description <text>", "what it is for", "")
    .option("--expires <minutes>", "how long it can be used (default: until it is revoked)")
    .addOption(output())
    .action(does("createToken"));
  token
    .command("list")
    .summary("which there are, and when each was used last")
    .addOption(output())
    .action(does("listTokens"));
  token
    .command("revoke <id...>")
    .summary("make one worthless; machines that registered stay")
    .action(does("revokeTokens"));

  const foundation = program.command("foundation").summary("say whether foundations that are machines are there");
  foundation
    .command("locate <name...>")
    .summary("say that the machine is there, without one that registered: the foreman may begin")
    .action(does("locate"));
  foundation
    .command("unlocate <name...>")
    .summary("say that nobody knows any more which machine it is, as when it was swapped")
    .action(does("unlocate"));
}
