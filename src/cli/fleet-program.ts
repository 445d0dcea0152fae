import { type Command, Option } from "commander";

/** Names, options and help of the commands for workers and agents, join tokens and the certificate authority. What they do is loaded when called. */

type Nodes = typeof import("./nodes.ts");
type Authority = typeof import("./authority.ts");
type Daemons = typeof import("./daemons.ts");
type Facts = typeof import("./agent-facts.ts");
type Workers = typeof import("./workers.ts");
type Units = typeof import("./systemd.ts");
type Upgrades = typeof import("./node-upgrade.ts");

/** `… systemd`, the same for servers, agents and workers. */
export function systemdCommand(parent: Command, what: string): Command {
  return parent
    .command("systemd")
    .summary(`write the unit by which systemd runs ${what} of this installation`)
    .option("--user", "for your own systemd (systemctl --user), and not for the machine's")
    .option("--out <file>", "another place for it")
    .option("--stdout", "print it, and write nothing");
}

interface ProgramParts {
  /** Makes the handler of a command from what does it. */
  handle(
    load: () => Promise<
      | Nodes[keyof Nodes]
      | Authority[keyof Authority]
      | Daemons[keyof Daemons]
      | Facts["facts"]
      | Workers[keyof Workers]
      | Units[keyof Units]
      | Upgrades["upgrade"]
    >,
  ): (...received: unknown[]) => Promise<void>;
  output(): Option;
  yes(): Option;
  collect(value: string, before: readonly string[] | undefined): readonly string[];
}

export function fleetCommands(program: Command, { handle, output, yes, collect }: ProgramParts): void {
  const node = (action: keyof Nodes) => handle(async () => (await import("./nodes.ts"))[action]);
  const certificate = (action: keyof Authority) => handle(async () => (await import("./authority.ts"))[action]);
  const worker = (action: keyof Workers) => handle(async () => (await import("./workers.ts"))[action]);
  const daemon = (action: keyof Daemons) => handle(async () => (await import("./daemons.ts"))[action]);

  const workers = program
    .command("worker")
    .summary("workers: daemons near the hardware that do the functions of drivers and other modules")
    .addHelpText("after", "\n`gantry worker run --help` shows the options of a worker itself.");
  workers
    .command("run", { isDefault: true })
    .summary("run one (what plain `gantry worker` does)")
    .option("--state <folder>", "where its key and its journal are kept (default: /var/lib/gantry-worker)")
    .option("--server <url>", "the server's address; may be repeated (environment: GANTRY_SERVER_ADDRESS)", collect)
    .option("--join <token>", "join token, for the first start (environment: GANTRY_JOIN_TOKEN)")
    .option("--name <name>", "its name (default: the host's name)")
    .option("--site <site>", "the site it works for, with those below it (default: that of the join token)")
    .option("--modules <names>", "modules to offer, separated by commas (default: docker)")
    .option("--limit <module=count>", "tasks of a module at a time; may be repeated", collect)
    .addOption(
      new Option("--transport <kind>", "how to reach the server (default: auto)").choices([
        "auto",
        "websocket",
        "poll",
      ]),
    )
    .option("--heartbeat-interval <seconds>", "between its heartbeats, where that is less than the server says")
    .option("--log-level <level>", "trace, debug, info, warn or error")
    .option("--debug", "the same as --log-level debug")
    .action(daemon("worker"));
  workers
    .command("list")
    .summary("which there are, what they do, and how much of it now")
    .addOption(output())
    .action(worker("list"));
  workers
    .command("drain <name>")
    .summary("give it nothing new; when what it has is done, it may be stopped")
    .option("--wait", "until it is drained")
    .action(worker("drain"));
  workers.command("resume <name>").summary("give it tasks again").action(worker("resume"));
  systemdCommand(workers, "a worker")
    .option("--state <folder>", "where its key and its journal are kept (default: /var/lib/gantry-worker)")
    .action(handle(async () => (await import("./systemd.ts")).workerUnit));
  const agent = program
    .command("agent")
    .summary("run an agent: a daemon on a node that does verbs")
    .option("--state <folder>", "where its key, journal and services are kept (default: /var/lib/gantry-agent)")
    .option("--home <folder>", "where relative paths of verbs begin (default: /)")
    .option("--server <url>", "the server's address; may be repeated (environment: GANTRY_SERVER_ADDRESS)", collect)
    .option("--join <token>", "join token, for the first start (environment: GANTRY_JOIN_TOKEN)")
    .option("--name <name>", "its name (default: the host's name)")
    .addOption(
      new Option("--transport <kind>", "how to reach the server (default: auto)").choices([
        "auto",
        "websocket",
        "poll",
      ]),
    )
    .option("--heartbeat-interval <seconds>", "between its heartbeats, where that is less than the server says")
    .option("--log-level <level>", "trace, debug, info, warn or error")
    .option("--debug", "the same as --log-level debug")
    .action(daemon("agent"));
  agent
    .command("facts")
    .summary("what this machine is made of: processors, memory, disks, interfaces, PCI, DMI, LLDP")
    .option("--register <url>", "register the machine at a server, and wait until it says which foundation it is")
    .option("--token <token>", "registration token (environment: GANTRY_MACHINE_TOKEN)")
    .option("--wait <seconds>", "how long to wait for an answer (default: until there is one)")
    .addOption(output())
    .action(handle(async () => (await import("./agent-facts.ts")).facts));
  systemdCommand(agent, "the agent")
    .option("--state <folder>", "where its key, journal and services are kept (default: /var/lib/gantry-agent)")
    .action(handle(async () => (await import("./systemd.ts")).agentUnit));

  const joinToken = program.command("join-token").summary("one-time tokens with which agents and workers join");
  joinToken
    .command("create", { isDefault: true })
    .summary("make one, and print it: it is never shown again (what plain `gantry join-token` does)")
    .addOption(new Option("--role <role>", "what may join with it").choices(["agent", "worker"]).default("agent"))
    .option("--name <name>", "the name it joins under")
    .option("--site <site>", "the site it belongs to")
    .option("--expires <minutes>", "how long it can be used", "60")
    .addOption(output())
    .action(node("createToken"));
  joinToken
    .command("list")
    .summary("which there are, and which were used")
    .addOption(output())
    .action(node("listTokens"));
  joinToken
    .command("revoke <id...>")
    .summary("make one worthless; who has joined with it stays")
    .action(node("revokeTokens"));
  const nodes = program.command("node").summary("workers and agents: `gantry get nodes` lists them");
  nodes.command("revoke <name...>").summary("shut them out for good, at once").addOption(yes()).action(node("revoke"));
  nodes
    .command("upgrade [name...]")
    .summary("make agents the release that the server has; each goes back by itself when that does not come up")
    .option("--all", "every agent; those that cannot say so")
    .option("--within <seconds>", "how long the new release has to connect in", "60")
    .addOption(output())
    .action(handle(async () => (await import("./node-upgrade.ts")).upgrade));

  const authority = program.command("authority").summary("the server's certificate authority");
  authority
    .command("show")
    .summary("its fingerprint, until when it is good, and who has not learned of it")
    .option("--certificate", "the certificate alone, PEM: what programs are to trust")
    .addOption(output())
    .action(certificate("show"));
  authority
    .command("rotate")
    .summary("put another one in its place, while everything runs")
    .option("--overlap <days>", "how long the present one is good beside it", "30")
    .addOption(yes())
    .addOption(output())
    .action(certificate("rotate"));
  authority
    .command("drop-former")
    .summary("trust the one before no more, from now on")
    .addOption(yes())
    .addOption(output())
    .action(certificate("dropFormer"));
}
