import { createReadStream } from "node:fs";
import type { JsonObject } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import { findSources, parseVerb, type ParsedVerb } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { EXEC_FAILED, USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { paint, type Terminal } from "./terminal.ts";

/** `gantry exec [--target NAME…] [--verb VERB] 'TEXT'`. Ends with 0 when all nodes did it, else 1. */
export async function exec(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  if (args.length !== 1) {
    throw new GantryError(USAGE, `exec takes one text, and was given ${args.length}: ${args.join(" ")}`, {
      hint: "Quote the text: gantry exec --target web1 'uptime'. Options of the verb stand in it: '--timeout 5 uptime'.",
    });
  }
  const name = String(options["verb"] ?? "RUN");
  const verb = parseVerb(name, args[0] ?? "");
  const run = await context.client.runs.create({
    text: `${name.toUpperCase()} ${args[0] ?? ""}`,
    calls: await callsOf(context, verb),
    runOnce: verb.runOnce,
    targets: options["target"] as readonly string[] | undefined,
  });
  const { id } = run;
  if (options["detach"] === true) {
    context.terminal.out(`${id}\n`);
    return EXIT.ok;
  }
  const nodes = run.jobs.map((job) => job.node);
  const width = Math.max(0, ...nodes.map((name) => name.length));
  const printer = linePrinter(context.terminal, width);
  const failed: string[] = [];
  for await (const line of await context.client.runs.output(id)) {
    if (line.kind === "output") {
      printer.write(line.node, line.stream ?? "stdout", line.text ?? "");
      continue;
    }
    printer.end(line.node);
    if (line.state === "done") continue;
    failed.push(line.node);
    const code = line.exitCode === null || line.exitCode === undefined ? "" : ` (exit code ${line.exitCode})`;
    context.terminal.error(
      `${paint(context.terminal, "red", line.node.padEnd(width))} | ${line.state ?? "failed"}${code}: ${line.message ?? ""}\n`,
    );
  }
  if (failed.length > 0) {
    throw new GantryError(EXEC_FAILED, `${failed.length} of ${nodes.length} nodes failed: ${failed.join(", ")}`);
  }
  return EXIT.ok;
}

/** The calls a verb stands for. Files are sent first, each under its hash; what the server has already is not sent again. */
async function callsOf(
  context: CommandContext,
  verb: ParsedVerb,
): Promise<readonly { function: string; parameters: JsonObject }[]> {
  if (verb.sources === undefined) return [{ function: verb.function, parameters: verb.parameters }];
  const calls = [];
  for (const source of await findSources(verb, process.cwd())) {
    const { sha256 } = await context.client.content.create(createReadStream(source.path));
    calls.push({ function: verb.function, parameters: { ...source.parameters, sha256 } });
  }
  return calls;
}

/** Prints whole lines, each behind the name of its node. A line without an end is printed when the node is done. */
function linePrinter(terminal: Terminal, width: number) {
  const pending = new Map<string, string>();
  function print(node: string, stream: "stdout" | "stderr", text: string): void {
    const line = `${paint(terminal, "cyan", node.padEnd(width))} | ${text}\n`;
    if (stream === "stdout") terminal.out(line);
    else terminal.error(line);
  }
  return {
    write(node: string, stream: "stdout" | "stderr", text: string): void {
      const key = `${stream} ${node}`;
      const lines = ((pending.get(key) ?? "") + text).split("\n");
      pending.set(key, lines.pop() ?? "");
      for (const line of lines) print(node, stream, line);
    },
    end(node: string): void {
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = pending.get(`${stream} ${node}`) ?? "";
        pending.delete(`${stream} ${node}`);
        if (rest !== "") print(node, stream, rest);
      }
    },
  };
}
