import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EventEmitter } from "node:events";
import { inspect } from "node:util";
import type { REPLServer } from "node:repl";
import { GantryError } from "../kernel/errors.ts";
import { ensurePrivateFolder } from "../platform/files/index.ts";
import type { CommandContext } from "./context.ts";
import { SHELL_CODE_FAILED } from "./errors.ts";
import { EXIT, reportFailure } from "./failure.ts";

/** `gantry shell`: JavaScript with the client as `gantry`. On a terminal line by line, else from `--eval` or standard input, as a whole. */
export async function shell(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const code = options["eval"];
  if (typeof code === "string") return evaluate(context, code, "--eval");
  if (!context.terminal.interactive) return evaluate(context, await textOf(process.stdin), "standard input");
  return interact(context);
}

/**
 * Runs code as the body of an async function: an expression's value is printed, of statements what they print themselves. What is thrown
 * goes to the command line's own report.
 */
async function evaluate(context: CommandContext, code: string, origin: string): Promise<number> {
  const value = await valueOf(context, code, origin);
  if (value !== undefined) context.terminal.out(`${typeof value === "string" ? value : shown(context, value)}\n`);
  return EXIT.ok;
}

async function valueOf(context: CommandContext, code: string, origin: string): Promise<unknown> {
  try {
    return await (
      await compiled(code, origin)
    )(context.client);
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    // The name of the error, where V8 put it, and where in the code it was.
    const [, line, column] = new RegExp(`${origin}:(\\d+)(?::(\\d+))?`).exec(String((cause as Error)?.stack)) ?? [];
    throw new GantryError(
      SHELL_CODE_FAILED,
      cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
      {
        cause,
        where: {
          file: origin,
          ...(line === undefined ? {} : { line: Number(line) }),
          ...(column === undefined ? {} : { column: Number(column) }),
        },
      },
    );
  }
}

type Code = (gantry: unknown) => Promise<unknown>;

async function compiled(code: string, filename: string): Promise<Code> {
  const { Script, constants } = await import("node:vm");
  // `import()` finds what this program would find.
  const options = { filename, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  const script = (body: string): Code =>
    new Script(`(async (gantry) => {${body}\n})`, options).runInThisContext() as Code;
  try {
    return script(`return (${code.trim().replace(/;$/, "")}\n)`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return script(code);
  }
}

async function interact(context: CommandContext): Promise<number> {
  const { start } = await import("node:repl");
  const { terminal } = context;
  terminal.out(
    'The client is `gantry`: await gantry.structures.list({ site: "lab" }).all()\n.help lists commands, .exit ends.\n',
  );
  const server = start({
    prompt: "gantry> ",
    ignoreUndefined: true,
    useColors: terminal.colour,
    writer: (value: unknown) => shown(context, value),
  });
  server.context["gantry"] = context.client;
  reportErrors(server, context);
  const ended = new Promise<void>((resolve) => {
    server.once("exit", resolve);
  });
  await keepHistory(server, context.dataFolder);
  await ended;
  return EXIT.ok;
}

/**
 * Coded errors look as everywhere on the command line; others as in any such shell. Node hands every error to one listener, which is not
 * part of its interface: where it is missing, errors look as Node prints them.
 */
function reportErrors(server: REPLServer, context: CommandContext): void {
  const domain = Reflect.get(server, "_domain") as EventEmitter | undefined;
  const [print] = domain?.listeners("error") ?? [];
  if (domain === undefined || print === undefined) return;
  domain.removeAllListeners("error");
  domain.on("error", (error: unknown) => {
    if (!(error instanceof GantryError)) return print.call(domain, error);
    reportFailure(context.terminal, error);
    server.clearBufferedCommand();
    return server.displayPrompt();
  });
}

/** The lines typed, in the data folder, for the owner alone: they may hold secrets. */
async function keepHistory(server: REPLServer, dataFolder: string): Promise<void> {
  await ensurePrivateFolder(dataFolder);
  const file = join(dataFolder, "shell-history");
  if (existsSync(file)) chmodSync(file, 0o600);
  else writeFileSync(file, "", { mode: 0o600 });
  await new Promise<void>((resolve) => {
    // Where it cannot be written, one types without it.
    server.setupHistory(file, () => resolve());
  });
}

function shown({ terminal }: CommandContext, value: unknown): string {
  return inspect(value, { depth: 6, colors: terminal.colour, breakLength: terminal.columns, maxArrayLength: 1000 });
}

async function textOf(input: NodeJS.ReadStream): Promise<string> {
  let text = "";
  input.setEncoding("utf8");
  for await (const chunk of input) text += String(chunk);
  return text;
}
