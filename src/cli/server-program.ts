import { type Command, Option } from "commander";
import { collect, output, systemdCommand, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands that bring documents about, and of the server. What they do is loaded when called. */

export function serverCommands(program: Command, handle: Handle): void {
  program
    .command("up <path...>")
    .summary("make what the documents say: plan it, ask, apply it, show it live")
    .description(
      "Reads YAML documents (files or folders), starts a local server if none answers, prints the plan, asks, applies it and shows progress.",
    )
    .addOption(yes())
    .option("--foreground", "run the server in this process and stay until interrupted")
    .addOption(output())
    .action(handle(async () => (await import("./up/up.ts")).up));
  program
    .command("plan <path...>")
    .summary("show what `up` would do, and change nothing")
    .addOption(output())
    .action(handle(async () => (await import("./up/plan.ts")).plan));
  program
    .command("down")
    .summary("destroy everything the designs made, in reverse order, and stop the server")
    .addOption(yes())
    .option("--purge", "remove the data folder as well")
    .action(handle(async () => (await import("./up/down.ts")).down));

  const server = program
    .command("server")
    .summary("run the server in the foreground, or control the one in the background");
  serverOptions(
    server.command("run", { isDefault: true }).summary("run it in the foreground (what plain `gantry server` does)"),
  ).action(handle(async () => (await import("./server/run.ts")).runForeground));
  serverOptions(server.command("start").summary("start it in the background")).action(
    handle(async () => (await import("./server/control.ts")).start),
  );
  server
    .command("stop")
    .summary("stop the one in the background")
    .action(handle(async () => (await import("./server/control.ts")).stop));
  server
    .command("status")
    .summary("say whether it runs, and where")
    .addOption(output())
    .action(handle(async () => (await import("./server/control.ts")).status));
  systemdCommand(server, "the server").action(handle(async () => (await import("./systemd.ts")).serverUnit));
}

function serverOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--listen <address:port>",
        "where HTTPS is served (environment: GANTRY_LISTEN; default: 127.0.0.1 and a free port, kept from then on); may be repeated",
      ).argParser(collect),
    )
    .option("--tls-cert <file>", "certificate chain to serve, PEM (default: one from a CA made on first start)")
    .option("--tls-key <file>", "its private key, PEM")
    .option(
      "--database <url>",
      "sqlite:FILE or postgres://… (environment: GANTRY_DATABASE; default: a SQLite file in the data folder)",
    )
    .option("--log-level <level>", "trace, debug, info, warn or error (environment: GANTRY_LOG_LEVEL; default: info)")
    .option("--debug", "the same as --log-level debug")
    .option("--heartbeat-interval <seconds>", "between the heartbeats of agents and workers (default: 10)");
}
