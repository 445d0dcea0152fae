import { type Command, Option } from "commander";
import { collect, output, systemdCommand, yes, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for workers and agents, join tokens and the certificate authority. What they do is loaded when called. */

type Nodes = typeof import("./nodes.ts");
type Authority = typeof import("./authority.ts");
type Daemons = typeof import("./daemons.ts");
type Workers = typeof import("./workers.ts");
type Seen = typeof import("./node.ts");

export function fleetCommands(program: Command, handle: Handle): void {
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
  const nodes = program.command("node").summary("workers and agents: who there is, and what they remember");
  const seen = (action: keyof Seen) => handle(async () => (await import("./node.ts"))[action]);
  nodes
    .command("list", { isDefault: true })
    .summary("when each was seen, its version, load and facts (what plain `gantry node` does)")
    .addOption(new Option("--kind <kind>", "only these").choices(["agent", "worker"]))
    .option("--missing", "only those that are not connected")
    .addOption(output())
    .action(seen("list"));
  nodes.command("show <name>").summary("one, with all its facts").addOption(output()).action(seen("show"));
  nodes
    .command("purge [name...]")
    .summary("remove those that are gone; one that comes back has to join anew")
    .option("--missing <days>", "all that nobody has seen for so many days")
    .addOption(yes())
    .action(seen("purge"));
  const cache = nodes.command("cache").summary("results that stand in for commands that were done before");
  cache.command("list <name...>").summary("what nodes remember").addOption(output()).action(seen("listCache"));
  cache
    .command("evict <name...>")
    .summary("let nodes forget it")
    .addOption(
      new Option("--what <what>", "results (jobs), arguments, variables of ENV, what QUERY collected, or all")
        .choices(["jobs", "args", "envs", "query", "all"])
        .default("jobs"),
    )
    .option("--key <key>", "one result alone; may be repeated", collect)
    .action(seen("evictCache"));
  nodes.command("revoke <name...>").summary("shut them out for good, at once").addOption(yes()).action(node("revoke"));
  nodes
    .command("upgrade [name...]")
    .summary("make agents the release that the server has; each goes back by itself when that does not come up")
    .option("--all", "every agent; those that cannot say so")
    .option("--within <seconds>", "how long the new release has to connect in", "60")
    .addOption(output())
    .action(handle(async () => (await import("./node-upgrade.ts")).upgrade));

  program
    .command("bootstrap <catalogue...>")
    .summary("bring agents to machines that have nothing but SSH, and let them join")
    .option("--server <address>", "how they reach the server; may be repeated (default: where it listens)", collect)
    .option("--key <file>", "private key for SSH; may be repeated (default: those in ~/.ssh, and an agent's)", collect)
    .option("--forward-agent", "let the machines use your SSH agent for connections of their own")
    .option("--known-hosts <file>", "in the place of OpenSSH's own files")
    .option(
      "--accept-new",
      "take and keep the host keys of machines that are not known; never another one of a known machine",
    )
    .option(
      "--node <kind=file>",
      "Node for another kind of machine than this one: arm64=FILE; may be repeated",
      collect,
    )
    .option("--parallel <count>", "machines at the same time, 50 at the most", "50")
    .addOption(output())
    .action(handle(async () => (await import("./bootstrap.ts")).bootstrap));

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
