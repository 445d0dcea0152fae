import { Command, CommanderError, Option } from "commander";
import { accessCommands } from "./access-program.ts";
import { auditCommands } from "./audit-program.ts";
import { blueprintCommands } from "./blueprint-program.ts";
import { changeCommands } from "./change-program.ts";
import { elsewhereCommands } from "./elsewhere-program.ts";
import { fleetCommands, systemdCommand } from "./fleet-program.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { EXAMPLES } from "./examples.ts";
import { LIST_FORMATS, OUTPUT_FORMATS } from "./output.ts";
import { loginCommands } from "./login-program.ts";
import { machineCommands } from "./machine-program.ts";
import { KINDS } from "./kinds.ts";
import { queryCommands } from "./query-program.ts";
import { runCommands } from "./run-program.ts";
import { secretCommands } from "./secret-program.ts";
import { reportingCommands } from "./reporting-program.ts";
import { paint, processTerminal, type Terminal } from "./terminal.ts";
import type { CommandContext, GlobalOptions } from "./context.ts";
import { VERSION } from "./version.ts";
import { todoCommands } from "./todo-program.ts";
import { verbCommands } from "./verb-program.ts";

/**
 * The command line: names, options and help of every command. What a command does is loaded when it is called, so that the program
 * starts fast.
 */

type Action = (
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
) => Promise<number | void>;

/** Runs one command line. Returns the exit code (`docs/cli.md`). */
export async function run(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.refused;
    return reportFailure(terminal, thrown);
  }
}

/** Commands that are about the server of the data folder, whatever endpoint is in use. */
const LOCAL_COMMANDS: readonly string[] = ["server", "down", "worker", "agent"];

function isLocal(command: Command): boolean {
  let top = command;
  while (top.parent !== null && top.parent.parent !== null) top = top.parent;
  return LOCAL_COMMANDS.includes(top.name());
}

export function buildProgram(terminal: Terminal, ended: (code: number) => void): Command {
  const program = new Command("gantry");
  program
    .description("From a written design to running services: one inventory, one job engine, one fleet bus.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .option(
      "--data <folder>",
      "folder of the local server: data, log, socket (environment: GANTRY_DATA; default: ./.gantry)",
    )
    .option("--endpoint <name>", "which server is meant, of those logged in to; `local`: the one of the data folder")
    .option("--tenant <tenant>", "whose inventory is meant (environment: GANTRY_TENANT; default: default)")
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.error(text),
      outputError: (text, write) => write(errorText(terminal, text)),
    })
    .exitOverride()
    .showHelpAfterError(false);

  /** Makes the handler of a command: loads it, runs it, keeps its exit code. */
  function handle(load: () => Promise<Action>) {
    return async (...received: unknown[]): Promise<void> => {
      const command = received.at(-1) as Command;
      const options = command.optsWithGlobals() as GlobalOptions & Record<string, unknown>;
      const { commandContext } = await import("./context.ts");
      const action = await load();
      const context = await commandContext(terminal, options, isLocal(command));
      const code = await action(context, options, command.args);
      if (typeof code === "number") ended(code);
    };
  }

  const output = (): Option =>
    new Option("-o, --output <format>", "how to print").choices(OUTPUT_FORMATS).default("table");
  const proposing = (): Option =>
    new Option("--propose <title>", "do not do it: propose it as a change set of this title");
  const at = (): Option =>
    new Option("--at <time>", "as it was then: 2026-03-01T08:00:00Z, or epoch milliseconds (default: as it is)");
  const yes = (): Option => new Option("-y, --yes", "do not ask");
  const listen = (): Option =>
    new Option(
      "--listen <address:port>",
      "where HTTPS is served (environment: GANTRY_LISTEN; default: 127.0.0.1 and a free port, kept from then on); may be repeated",
    ).argParser(collect);

  function serverOptions(command: Command): Command {
    return command
      .addOption(listen())
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

  runCommands(program, { handle, output, yes, collect });
  const kindNames = KINDS.map((kind) => kind.plural).join(", ");
  program
    .command("get <kind>")
    .summary("list things of one kind: structures, sites, jobs …")
    .description(`Lists things of one kind. Kinds are: ${kindNames}.`)
    .addOption(new Option("-o, --output <format>", "how to print").choices(LIST_FORMATS).default("table"))
    .option("--site <site>", "of this site, and of those below it")
    .option("--group <group>", "in this group, or in one below it")
    .option("--blueprint <blueprint>", "made by this blueprint, or by one that builds upon it")
    .option("--parent <parent>", "directly below this one")
    .option("--kind <kind>", "sites and groups of this kind: rack")
    .option("--role <role>", "structures with this role")
    .option("--complex <complex>", "foundations this complex offers, or structures on them")
    .option("--foundation <foundation>", "structures, interfaces or dependencies of this foundation")
    .option("--state <state>", "planned, located (foundations), building, built, failed or destroying")
    .option("--label <name=value>", "with this label; `NAME` alone: with any value; may be repeated", collect)
    .option(
      "--vars <path=value>",
      "whose resolved variables have this value (JSON, else text) at this path; may be repeated",
      collect,
    )
    .option("--sort <field>", "in this order; `-field`: the other way round")
    .option("--fields <fields>", "only these, joined by commas: name,site,labels.rack")
    .addOption(at())
    .option("--limit <count>", "at most so many", "1000")
    .addHelpText("after", EXAMPLES.get)
    .action(handle(async () => (await import("./get.ts")).get));
  program
    .command("show <kind> <name>")
    .summary("show one thing, whole")
    .addOption(at())
    .addOption(new Option("-o, --output <format>", "how to print").choices(["yaml", "json", "table"]).default("yaml"))
    .action(handle(async () => (await import("./get.ts")).show));
  program
    .command("create <kind> [name] [path=value...]")
    .summary("make one thing, or those in a file")
    .description(
      "Makes one thing. A path is names joined by dots (a dot within a name is written `\\.`), a value is YAML. A file holds one thing or a list.",
    )
    .option("-f, --file <file>", "YAML or JSON with the thing, or a list of things; `-`: standard input")
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.create)
    .action(handle(async () => (await import("./change.ts")).create));
  program
    .command("set <kind> <name> [path=value...]")
    .summary("change one thing")
    .description(
      "Changes members of one thing. A path is names joined by dots, a value is YAML; `PATH=` with nothing, and --remove, take it away.",
    )
    .option("--remove <path>", "take this away; may be repeated", collect)
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.set)
    .action(handle(async () => (await import("./change.ts")).set));
  program
    .command("delete <kind> <name...>")
    .summary("delete things; says what would go along, and asks")
    .option("--cascade", "also what lies below it or hangs on it")
    .addOption(yes())
    .addOption(proposing())
    .addHelpText("after", EXAMPLES.delete)
    .action(handle(async () => (await import("./delete.ts")).remove));

  queryCommands(program, { handle, output, collect });
  changeCommands(program, { handle, output });
  blueprintCommands(program, { handle, output, yes });
  todoCommands(program, { handle, output });
  verbCommands(program, { handle, output, yes });
  reportingCommands(program, { handle, output, yes, collect });
  machineCommands(program, { handle, output, yes });

  const address = program.command("address").summary("give out addresses of a block, and take them back");
  address
    .command("allocate <block>")
    .summary("give a structure the lowest free addresses, or one that is named; prints them")
    .requiredOption("--structure <name>", "who gets it")
    .option("--count <count>", "how many (default: 1)")
    .option("--address <address>", "this one")
    .option("--interface <device>", "the interface that has it")
    .addOption(output())
    .addHelpText("after", EXAMPLES.allocate)
    .action(handle(async () => (await import("./address.ts")).allocate));
  address
    .command("release <block> [address...]")
    .summary("take addresses back: those named, or all a structure has of the block")
    .option("--structure <name>", "who gives them back")
    .addOption(output())
    .action(handle(async () => (await import("./address.ts")).release));
  address
    .command("list <block>")
    .summary("who has which, and how many are left")
    .addOption(output())
    .action(handle(async () => (await import("./address.ts")).list));

  const structure = program.command("structure").summary("look into structures and change them");
  structure
    .command("vars <name>")
    .summary("its resolved variables")
    .option("--explain", "say where each value comes from, and what it overrode")
    .addOption(at())
    .addOption(output())
    .addHelpText("after", EXAMPLES.vars)
    .action(handle(async () => (await import("./structure.ts")).variables));
  structure
    .command("set <name> <key=value...>")
    .summary("set variables of its own (values are YAML; `key=` with nothing removes it)")
    .action(handle(async () => (await import("./structure.ts")).set));

  const inventory = program.command("inventory").summary("bring inventories in from other systems, and out to Ansible");
  inventory
    .command("import <path>")
    .summary("import a file, a folder or a .tgz: show the plan, ask, and write it")
    .description(
      "Imports what OpenStack-Ansible, Ansible, NetBox or a table says. What was imported under the same name before is compared with it: rows are created, changed and removed, and what others changed stays.",
    )
    .addOption(
      new Option("--format <format>", "what it is (default: guessed from what is in it)").choices([
        "osa",
        "osa-config",
        "ansible",
        "csv",
        "netbox",
      ]),
    )
    .option("--name <name>", "what the import is called (default: the file's name)")
    .option("--site <site>", "site of what the source says no site of (default: one named as the import)")
    .option("--plan", "show what it would do, and change nothing")
    .addOption(yes())
    .addOption(output())
    .action(handle(async () => (await import("./inventory-import.ts")).importInventory));
  inventory
    .command("export")
    .summary("write an inventory that Ansible runs at once")
    .description(
      "Writes an Ansible inventory of all structures, or of those that every filter holds for: a folder with ansible.cfg in which ansible-playbook runs, an archive of it, or one JSON document.",
    )
    .option("--group <group>", "structures of this group, by id or name", "all")
    .addOption(
      new Option("--format <format>", "what to write").choices(["folder", "tgz", "zip", "json"]).default("folder"),
    )
    .requiredOption("--out <path>", "where to write it")
    .option("--site <site>", "structures of this site, or one below it")
    .option("--blueprint <blueprint>", "structures made by this blueprint, or by one that builds upon it")
    .option("--label <label>", "KEY or KEY=VALUE; may be repeated", collect)
    .option(
      "--vars <path:value>",
      "structures whose resolved variables hold this JSON value there; may be repeated",
      collect,
    )
    .option("--host <name>", "this structure; may be repeated", collect)
    .addOption(at())
    .option("--each", "a bundle for each host")
    .option("--no-builtin", "leave out the built-in variables (_id, _site …)")
    .option(
      "--vault-password-file <file>",
      "put secrets in, encrypted by this password: the server never has it (of a folder; needs the right to read them)",
    )
    .option("--force", "replace what no export has made")
    .action(handle(async () => (await import("./inventory-export.ts")).exportInventory));

  const job = program.command("job").summary("look into jobs and control them");
  job
    .command("start <script>")
    .summary("run a script of a blueprint: create, update, destroy, or any other it has")
    .option("--structure <name>", "on this structure")
    .option("--foundation <name>", "on this foundation")
    .option("--group <name>", "on each structure of this group and of those below it")
    .option("--wait", "until it has ended; 1 unless all is done")
    .addOption(output())
    .action(handle(async () => (await import("./job-start.ts")).start));
  job
    .command("log <id>")
    .summary("every step and message of a job")
    .option("--follow", "go on until the job ends")
    .addOption(output())
    .action(handle(async () => (await import("./job.ts")).log));
  for (const [action, summary] of [
    ["pause", "stop it after the step at hand"],
    ["resume", "let a paused job go on"],
    ["cancel", "end it: stop what it does, take back what can be taken back"],
    ["retry", "run a failed job on from where it failed"],
    ["rollback", "take back the call it stands at; it is paused before it"],
  ] as const) {
    job
      .command(`${action} <id>`)
      .summary(summary)
      .action(handle(async () => (await import("./job.ts")).control(action)));
  }
  job
    .command("jump <id> <label>")
    .summary("let a paused or failed job go on at a label of its script")
    .action(handle(async () => (await import("./job.ts")).jump));

  program
    .command("events")
    .summary("what happened")
    .option("--follow", "go on as it happens, also over a restart of the server")
    .option("--type <type>", "`job.finished`, or `job.*` for all of a room; may be repeated", collect)
    .option("--subject <kind/name>", "what it happened to: `structure`, or `structure/web1`")
    .option("--after <cursor>", "only what came after this")
    .option("--limit <count>", "without --follow: at most so many", "1000")
    .addOption(output())
    .addHelpText("after", EXAMPLES.events)
    .action(handle(async () => (await import("./events.ts")).events));

  elsewhereCommands(program, { handle, output, collect });

  const sealedWith = (command: Command): Command =>
    command
      .option("--passphrase-file <file>", "the passphrase it is sealed with, for the owner alone")
      .option("--key-file <file>", "or 32 random bytes it is sealed with, for the owner alone");
  sealedWith(
    program
      .command("backup")
      .summary("write all the server knows into one sealed file, while it runs; or check such a file")
      .option("--out <file>", "where to write it; must not exist")
      .option("--check <file>", "read a backup and compare every hash in it, and restore nothing"),
  )
    .option("--with-master-key", "take the file along that opens the secrets in it")
    .addOption(output())
    .addHelpText("after", EXAMPLES.backup)
    .action(handle(async () => (await import("./backup.ts")).backup));
  sealedWith(
    program
      .command("restore <file>")
      .summary("make a server's data from a backup: into an empty --data folder and an empty database"),
  )
    .option("--database <url>", "sqlite:FILE or postgres://… (default: a SQLite file in the data folder)")
    .addHelpText("after", EXAMPLES.restore)
    .action(handle(async () => (await import("./backup.ts")).restore));

  program
    .command("support-bundle")
    .summary("gather what helps to find a fault, without anything secret")
    .requiredOption("--out <file>", "where to write it, a .tgz; must not exist")
    .action(handle(async () => (await import("./support.ts")).supportBundle));

  loginCommands(program, accessCommands(program, { handle, output, yes, collect }), { handle, output });
  auditCommands(program, { handle, output });

  secretCommands(program, { handle, output, yes });
  fleetCommands(program, { handle, output, yes, collect });

  program
    .command("shell")
    .summary("JavaScript with the client as `gantry`, line by line, or from --eval or a pipe")
    .option("-e, --eval <code>", "run this, and print its value")
    .addHelpText("after", EXAMPLES.shell)
    .action(handle(async () => (await import("./shell.ts")).shell));

  const tscript = program.command("tscript").summary("check and run TScript");
  tscript
    .command("check <file...>")
    .summary("report every problem, with line and column")
    .action(handle(async () => (await import("./tscript.ts")).check));
  tscript
    .command("run <file>")
    .summary("run a script that needs no worker")
    .option(
      "--variable <name=value>",
      "a variable the script begins with (its value is JSON, else text); may be repeated",
      collect,
    )
    .addOption(output())
    .action(handle(async () => (await import("./tscript.ts")).run));

  program
    .command("completion <shell>")
    .summary("print a completion script for bash, zsh or fish")
    .action(
      handle(async () => {
        const { completion } = await import("./completion.ts");
        return (context, _options, args) => completion(context, program, args[0] ?? "");
      }),
    );

  forEachCommand(program, (command) => {
    command
      .exitOverride()
      .configureOutput(program.configureOutput())
      .helpOption("-h, --help", "show help")
      .helpCommand(false);
  });
  return program;
}

/** Gathers an option that may be repeated. One that takes several values at once would swallow the arguments behind it. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function forEachCommand(command: Command, action: (one: Command) => void): void {
  action(command);
  for (const child of command.commands) forEachCommand(child, action);
}

/** Commander's message in our form; the nearest name, which stands behind it in brackets, as the hint. */
function errorText(terminal: Terminal, text: string): string {
  const [, near] = /\n\((Did you mean [^)]+)\)/.exec(text) ?? [];
  const message = text
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean [^)]+\)/, "")
    .trimEnd();
  return `${paint(terminal, "red", "error:")} ${message} (usage)\n${near === undefined ? "" : `  ${near}\n`}  \`gantry --help\` lists the commands, \`gantry COMMAND --help\` the options of one.\n`;
}
