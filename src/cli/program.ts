import { Command, CommanderError } from "commander";
import { EXIT, reportFailure } from "./failure.ts";
import { nearest } from "../kernel/nearest.ts";
import { paint, processTerminal, type Terminal } from "./terminal.ts";
import type { GlobalOptions } from "./context.ts";
import type { Handle } from "./program-parts.ts";
import { VERSION } from "./version.ts";

/**
 * The command line. What a command is called, its options and its help are declared in files of their own, and what it does is in others: only
 * those of the command that is called are loaded, so that the program starts fast.
 */

interface Part {
  /** Its heading in the help. */
  readonly group: string;
  /** Of the first level. */
  readonly commands: readonly string[];
  load(): Promise<(program: Command, handle: Handle) => void>;
}

/** In the order of the help. */
const PARTS: readonly Part[] = [
  {
    group: "Designs and the server:",
    commands: ["up", "plan", "down", "server"],
    load: async () => (await import("./server-program.ts")).serverCommands,
  },
  {
    group: "Verbs on nodes:",
    commands: ["exec", "orchestrate"],
    load: async () => (await import("./start-program.ts")).startCommands,
  },
  {
    group: "Verbs on nodes:",
    commands: ["run"],
    load: async () => (await import("./run-program.ts")).runCommands,
  },
  {
    group: "Verbs on nodes:",
    commands: ["verb"],
    load: async () => (await import("./verb-program.ts")).verbCommands,
  },
  {
    group: "Inventory:",
    commands: ["get", "show", "create", "set", "delete", "address", "structure", "inventory"],
    load: async () => (await import("./inventory-program.ts")).inventoryCommands,
  },
  {
    group: "Inventory:",
    commands: ["query"],
    load: async () => (await import("./query-program.ts")).queryCommands,
  },
  {
    group: "Inventory:",
    commands: ["change"],
    load: async () => (await import("./change-program.ts")).changeCommands,
  },
  {
    group: "Inventory:",
    commands: ["blueprint"],
    load: async () => (await import("./blueprint-program.ts")).blueprintCommands,
  },
  {
    group: "Inventory:",
    commands: ["dns", "backend"],
    load: async () => (await import("./elsewhere-program.ts")).elsewhereCommands,
  },
  {
    group: "What is under way:",
    commands: ["job", "events"],
    load: async () => (await import("./job-program.ts")).jobCommands,
  },
  {
    group: "What is under way:",
    commands: ["todo"],
    load: async () => (await import("./todo-program.ts")).todoCommands,
  },
  {
    group: "What is under way:",
    commands: ["boot", "event", "webhook"],
    load: async () => (await import("./reporting-program.ts")).reportingCommands,
  },
  {
    group: "What is under way:",
    commands: ["machine", "foundation"],
    load: async () => (await import("./machine-program.ts")).machineCommands,
  },
  {
    group: "Agents and workers:",
    commands: ["worker", "agent", "join-token", "node", "bootstrap", "authority"],
    load: async () => (await import("./fleet-program.ts")).fleetCommands,
  },
  {
    group: "People, rights and secrets:",
    commands: ["whoami", "account", "token", "role", "binding", "login", "logout", "use"],
    load: async () => (await import("./access-program.ts")).accessCommands,
  },
  {
    group: "People, rights and secrets:",
    commands: ["audit", "history"],
    load: async () => (await import("./audit-program.ts")).auditCommands,
  },
  {
    group: "People, rights and secrets:",
    commands: ["secret"],
    load: async () => (await import("./secret-program.ts")).secretCommands,
  },
  {
    group: "Upkeep and tools:",
    commands: ["backup", "restore", "support-bundle"],
    load: async () => (await import("./upkeep-program.ts")).upkeepCommands,
  },
  {
    group: "Upkeep and tools:",
    commands: ["shell", "tscript", "completion"],
    load: async () => (await import("./tools-program.ts")).toolCommands,
  },
];

/** Runs one command line. Returns the exit code (`docs/cli.md`). */
export async function run(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  let exitCode: number = EXIT.ok;
  const { program, handle } = bareProgram(terminal, (code) => {
    exitCode = code;
  });
  await declare(program, handle, partsFor(program, args));
  try {
    refuseUnknown(program, args);
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.refused;
    return reportFailure(terminal, thrown);
  }
}

/** Where a command has one below it that is meant when none is named, a name that is none would be taken for one of its arguments. */
function refuseUnknown(program: Command, args: readonly string[]): void {
  const [first = "", ...rest] = args;
  const child = program.commands.find((one) => one.name() === first);
  if (child !== undefined) return refuseUnknown(child, rest);
  if (program.parent === null || program.commands.length === 0 || first === "" || first.startsWith("-")) return;
  const near = nearest(
    first,
    program.commands.map((one) => one.name()),
  );
  program.error(`unknown command '${first}'${near === undefined ? "" : `\n(Did you mean ${near}?)`}`);
}

/** With every command. */
export async function wholeProgram(terminal: Terminal): Promise<Command> {
  const { program, handle } = bareProgram(terminal, () => {});
  await declare(program, handle, PARTS);
  return program;
}

/** What has to be declared for a command line: the command it calls; everything for help, and to say what is near to a name that is unknown. */
function partsFor(program: Command, args: readonly string[]): readonly Part[] {
  const [first = ""] = args;
  const option = program.options.find(({ long }) => long === first.split("=", 1)[0]);
  if (option?.required === true) return partsFor(program, args.slice(first.includes("=") ? 1 : 2));
  if (["-V", "--version"].includes(first)) return [];
  const own = PARTS.filter(({ commands }) => commands.includes(first));
  return own.length > 0 ? own : PARTS;
}

async function declare(program: Command, handle: Handle, parts: readonly Part[]): Promise<void> {
  const loaded = await Promise.all(parts.map(async ({ group, load }) => ({ group, commands: await load() })));
  for (const { group, commands } of loaded) commands(program.commandsGroup(group), handle);
}

/** Commands that are about the server of the data folder, whatever endpoint is in use. */
const LOCAL_COMMANDS: readonly string[] = ["server", "down", "worker", "agent"];

function isLocal(command: Command): boolean {
  let top = command;
  while (top.parent !== null && top.parent.parent !== null) top = top.parent;
  return LOCAL_COMMANDS.includes(top.name());
}

/** Those below have no command `help` of their own. */
class OwnCommand extends Command {
  override createCommand(name?: string): Command {
    return new OwnCommand(name).helpCommand(false);
  }
}

/** Without commands. @param ended told of the exit code of the command */
function bareProgram(
  terminal: Terminal,
  ended: (code: number) => void,
): { readonly program: Command; readonly handle: Handle } {
  const program = new OwnCommand("gantry");
  // The commands that are declared later take over how help and errors are shown.
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
    .addHelpCommand(new Command("help").argument("[command]").description("show help").helpGroup("Upkeep and tools:"))
    .showHelpAfterError(false);

  /** Makes the handler of a command: loads it, runs it, keeps its exit code. */
  function handle(load: Parameters<Handle>[0]): ReturnType<Handle> {
    return async (...received) => {
      const command = received.at(-1) as Command;
      const options = command.optsWithGlobals() as GlobalOptions & Record<string, unknown>;
      const { commandContext } = await import("./context.ts");
      const action = await load();
      const context = await commandContext(terminal, options, isLocal(command));
      const code = await action(context, options, command.args);
      if (typeof code === "number") ended(code);
    };
  }
  return { program, handle };
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
