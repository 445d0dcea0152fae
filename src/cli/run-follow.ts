import type { GantryClient } from "../client/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { EXEC_FAILED } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { paint, printable, type Terminal } from "./terminal.ts";

/** What the nodes of a run write, as it comes, and how each ended. */

type Run = Awaited<ReturnType<GantryClient["runs"]["create"]>>;

/** Ends with 0 when every node did everything. Errors: `exec_failed`. */
export async function followRun(context: CommandContext, run: Pick<Run, "id" | "nodes">): Promise<number> {
  const { client, terminal } = context;
  const width = Math.max(0, ...run.nodes.map(({ name }) => name.length));
  const printer = linePrinter(terminal, width);
  for await (const line of await client.runs.output(run.id)) {
    if (line.kind === "output") {
      printer.write(line.node, line.stream ?? "stdout", line.text ?? "");
      continue;
    }
    printer.end(line.node);
    if (line.state === "done" || line.state === "skipped") continue;
    const code = line.exitCode === null || line.exitCode === undefined ? "" : ` (exit code ${line.exitCode})`;
    terminal.error(
      `${paint(terminal, "red", line.node.padEnd(width))} | ${line.state ?? "failed"}${code}: ${printable(line.message ?? "")}\n`,
    );
  }
  const after = await client.runs.get(run.id);
  if (after.status === "done") return EXIT.ok;
  const failed = after.nodes.filter(({ state }) => state !== "done").map(({ name }) => name);
  throw new GantryError(EXEC_FAILED, `${failed.length} of ${after.nodes.length} nodes failed: ${failed.join(", ")}`);
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
