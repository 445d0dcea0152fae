import { type Command, Option } from "commander";

/** Names, options and help of the commands for nodes, join tokens and the certificate authority. What they do is loaded when called. */

type Nodes = typeof import("./nodes.ts");
type Authority = typeof import("./authority.ts");

interface ProgramParts {
  /** Makes the handler of a command from what does it. */
  handle(
    load: () => Promise<Nodes[keyof Nodes] | Authority[keyof Authority]>,
  ): (...received: unknown[]) => Promise<void>;
  output(): Option;
  yes(): Option;
}

export function fleetCommands(program: Command, { handle, output, yes }: ProgramParts): void {
  const node = (action: keyof Nodes) => handle(async () => (await import("./nodes.ts"))[action]);
  const certificate = (action: keyof Authority) => handle(async () => (await import("./authority.ts"))[action]);

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
  program
    .command("node")
    .summary("workers and agents: `gantry get nodes` lists them")
    .command("revoke <name...>")
    .summary("shut them out for good, at once")
    .addOption(yes())
    .action(node("revoke"));

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
