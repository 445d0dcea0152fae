import { Option, type Command } from "commander";
import { EXAMPLES } from "./examples.ts";
import { collect, output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for boot profiles, webhooks and reported events. What they do is loaded when called. */

type Boot = typeof import("./boot.ts");
type Webhooks = typeof import("./webhook.ts");

export function reportingCommands(program: Command, handle: Handle): void {
  bootCommands(program, handle);
  webhookCommands(program, handle);
}

function bootCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Boot) => handle(async () => (await import("./boot.ts"))[action]);
  const boot = program.command("boot").summary("what machines boot from the network, and their keys while they do");
  boot
    .command("show <foundation>")
    .summary("what a foundation boots next, and what its machine has said")
    .addOption(output())
    .action(does("show"));
  boot
    .command("key <foundation>")
    .summary("make a key for a machine that is booted by hand; it is told once")
    .addOption(output())
    .action(does("key"));
  const profile = boot.command("profile").summary("boot scripts, and what installers are told");
  profile.command("list").summary("boot profiles").addOption(output()).action(does("listProfiles"));
  profile.command("show <name>").summary("one boot profile").addOption(output()).action(does("showProfile"));
  profile
    .command("set <name>")
    .summary("make a boot profile, or change it: what is not given stays")
    .option("--description <text>", "what it is for")
    .option("--script-file <file>", "the boot script, for iPXE")
    .option("--template-file <file>", "what the installer is told")
    .addOption(output())
    .addHelpText("after", EXAMPLES.bootProfile)
    .action(does("setProfile"));
  profile
    .command("delete <name>")
    .summary("remove a boot profile that no foundation boots next")
    .addOption(yes())
    .action(does("deleteProfile"));
}

function webhookCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Webhooks) => handle(async () => (await import("./webhook.ts"))[action]);
  program
    .command("event")
    .summary("tell the server what happened")
    .command("report <type> [name=value...]")
    .summary("report an event of hardware, hardware.disk_failed, with what is known of it")
    .requiredOption("--foundation <foundation>", "to which it happened")
    .addHelpText("after", EXAMPLES.eventReport)
    .action(does("report"));

  const webhook = program
    .command("webhook")
    .summary("send events to receivers elsewhere; what waits for their answers");
  const described = (command: Command): Command =>
    command
      .option("--type <type>", "only these events: job.finished, or job.*; may be repeated", collect)
      .option("--subject <kind>", "only what happened to these: structure, job; may be repeated", collect)
      .option("--site <site>", "only what happened there or below; may be repeated", collect)
      .option("--ca <file>", "the authority to trust instead of the system's, PEM")
      .option("--secret <name>", "sign by this secret of the tenant (default: one that the server makes)")
      .addOption(output());
  described(webhook.command("create <name> <url>").summary("send events there from now on"))
    .addHelpText("after", EXAMPLES.webhook)
    .action(does("create"));
  webhook.command("list").summary("webhooks, and how far they have come").addOption(output()).action(does("list"));
  webhook.command("show <name>").summary("one webhook").addOption(output()).action(does("show"));
  described(
    webhook.command("set <name>").summary("change one: what is not given stays; from then on it sees what you may"),
  )
    .option("--url <url>", "another address")
    .option("--active", "send again, from where it was")
    .option("--no-active", "send nothing until it is active again")
    .option("--rotate-secret", "sign by a new secret as well, made by the server")
    .option("--drop-former-secret", "sign by the former secret no more")
    .action(does("set"));
  webhook.command("delete <name>").summary("send nothing there any more").addOption(yes()).action(does("remove"));
  webhook
    .command("test <name>")
    .summary("send an event that nothing happened for; ends with 1 when it was not taken")
    .addOption(output())
    .action(does("test"));
  webhook
    .command("dead-letters <name>")
    .summary("events that the receiver did not take")
    .addOption(output())
    .action(does("deadLetters"));
  webhook.command("replay <name> [id...]").summary("send dead letters once more: these, or all").action(does("replay"));
  webhook.command("holds").summary("what waits for the answer of a receiver").addOption(output()).action(does("holds"));
  webhook
    .command("answer <hold>")
    .summary("answer in the place of the receiver")
    .addOption(new Option("--outcome <outcome>", "which").choices(["done", "refused"]).makeOptionMandatory())
    .option("--note <text>", "for people: shown with the job")
    .action(does("answer"));
}
