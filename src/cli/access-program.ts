import { Option, type Command } from "commander";
import { loginCommands } from "./login-program.ts";
import { collect, output, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for accounts, tokens, roles, bindings and logins. What they do is loaded when called. */

type Actions = typeof import("./access.ts");

export function accessCommands(program: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./access.ts"))[action]);

  program
    .command("whoami")
    .summary("as whom one asks, and what that may do")
    .addOption(output())
    .action(does("whoami"));

  const account = program.command("account").summary("people, and service accounts of the tenant");
  account
    .command("create <name>")
    .summary("make a service account of the tenant, or a person of the whole server")
    .option("--person", "a person, who may get roles in every tenant")
    .option("--display-name <text>", "what to call it for people")
    .option("--email <address>", "its address")
    .addOption(output())
    .action(does("createAccount"));
  account
    .command("list")
    .summary("service accounts of the tenant, and people with a role in it")
    .addOption(new Option("--kind <kind>", "only these").choices(["person", "service"]))
    .addOption(output())
    .action(does("listAccounts"));
  account.command("show <name>").summary("one account").addOption(output()).action(does("showAccount"));
  account.command("disable <name>").summary("let it in no more; its tokens end at once").action(does("disableAccount"));
  account.command("enable <name>").summary("let it in again, with new tokens").action(does("enableAccount"));
  account
    .command("delete <name>")
    .summary("remove it, with its tokens and role bindings")
    .addOption(yes())
    .action(does("deleteAccount"));

  const token = program.command("token").summary("tokens with which people and programs ask");
  const ofAccount = "of this account (without it: one's own)";
  token
    .command("create <name>")
    .summary("make a token; it is shown once")
    .option("--account <account>", ofAccount)
    .option("--lasts <time>", "until it ends: 30m, 12h, 90d (default: 90d, at most 366d)")
    .option(
      "--permission <permission>",
      "it allows this and no more; may be repeated (default: all its account may do)",
      collect,
    )
    .option("--only-tenant <tenant>", "it opens this tenant alone")
    .addOption(output())
    .action(does("createToken"));
  token
    .command("list")
    .summary("tokens, and when they were used last")
    .option("--account <account>", ofAccount)
    .addOption(output())
    .action(does("listTokens"));
  token
    .command("revoke <token>")
    .summary("end a token, by id or name: it opens nothing from then on")
    .option("--account <account>", ofAccount)
    .action(does("revokeToken"));

  const role = program.command("role").summary("named lists of permissions");
  const permission = "it holds this; may be repeated";
  role.command("list").summary("built-in roles, and those of the tenant").addOption(output()).action(does("listRoles"));
  role.command("show <name>").summary("a role and its permissions").addOption(output()).action(does("showRole"));
  role
    .command("create <name>")
    .summary("make a role of the tenant")
    .requiredOption("--permission <permission>", permission, collect)
    .option("--description <text>", "what it is for")
    .addOption(output())
    .action(does("createRole"));
  role
    .command("set <name>")
    .summary("change what a role holds, for everybody it is bound to")
    .option("--permission <permission>", permission, collect)
    .option("--description <text>", "what it is for")
    .addOption(output())
    .action(does("setRole"));
  role.command("delete <name>").summary("remove a role that is bound to nobody").action(does("deleteRole"));

  const binding = program.command("binding").summary("who holds which role where");
  binding
    .command("create <role>")
    .summary("give a role to an account or to a group of the directory")
    .option("--account <account>", "who gets it")
    .option("--directory-group <group>", "all who are in this group of the directory get it")
    .option("--site <site>", "at this site and those below it (without a place: in the whole tenant)")
    .option("--group <group>", "for all structures in this group")
    .option("--project <project>", "for this project")
    .option("--server", "on the whole server, in every tenant")
    .addOption(output())
    .action(does("createBinding"));
  binding
    .command("list")
    .summary("role bindings of the tenant and of the whole server")
    .option("--account <account>", "of this account")
    .option("--directory-group <group>", "of this group of the directory")
    .option("--role <role>", "of this role")
    .addOption(output())
    .action(does("listBindings"));
  binding.command("delete <id>").summary("take a role away again").action(does("deleteBinding"));
  loginCommands(program, account, handle);
}
