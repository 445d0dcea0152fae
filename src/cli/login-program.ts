import { Option, type Command } from "commander";
import { output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for logging in. What they do is in `login.ts`, loaded when called. */

type Actions = typeof import("./login.ts");

/** @param account the command to which a way to set passwords is added */
export function loginCommands(program: Command, account: Command, handle: Handle): void {
  const does = (action: keyof Actions) => handle(async () => (await import("./login.ts"))[action]);
  const passwordFile = ["--password-file <file>", "read the password from there; `-`: from standard input"] as const;

  program
    .command("login [name]")
    .summary("log in to a server, and ask it from now on")
    .option("--url <url>", "where it is: https://gantry.example:7411 (needed the first time)")
    .option("--user <name>", "as whom (default: as the last time)")
    .option("--ca <file>", "the authority to trust, PEM: `tls/ca.pem` of the server")
    .option("--fingerprint <sha256>", "trust the authority it shows when this is its fingerprint")
    .option(...passwordFile)
    .addOption(
      new Option("--oidc", "log in at the server's issuer, in a browser of this machine").conflicts([
        "device",
        "user",
        "passwordFile",
      ]),
    )
    .addOption(
      new Option("--device", "log in at the server's issuer, on any device").conflicts(["user", "passwordFile"]),
    )
    .action(does("login"));
  program
    .command("logout [name]")
    .summary("end the session on the server, and remove its token from this machine")
    .action(does("logout"));
  program
    .command("use [name]")
    .summary("say which server is asked from now on, or list those there are")
    .option("--local", "the one of the data folder")
    .addOption(output())
    .action(does("use"));
  account
    .command("set-password <name>")
    .summary("set the password of a person; it is asked for, and never an argument")
    .option(...passwordFile)
    .option("--old-password-file <file>", "the one there was, when it is one's own")
    .action(does("setPassword"));
}
