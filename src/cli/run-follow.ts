import type { EndedRun, GantryClient, RunLine } from "../client/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { EXEC_FAILED, OUTPUT_BROKEN_OFF } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { countsText, progressBar, summaryText } from "./run-summary.ts";
import { paint, printable, type Terminal } from "./terminal.ts";

/** What the nodes of a run write, as it comes, and how each ended. */

type Run = Awaited<ReturnType<GantryClient["runs"]["create"]>>;

export interface FollowOptions {
  /** Show how far it is, and not what the nodes write. */
  readonly quiet?: boolean;
  /** Write the files that its nodes bring. */
  readonly fetches?: boolean;
  /** Somebody else may have written its verbs: see `writeFetched`. */
  readonly foreign?: boolean;
  /** Say at the end how many verbs ended how on each node. */
  readonly summary?: boolean;
}

/**
 * Shows a run until it ends. Ends with 0 when every node did everything, and with 130 when somebody no longer wants to look. Errors:
 * `exec_failed`, `output_broken_off`.
 */
export async function followRun(
  context: CommandContext,
  run: Pick<Run, "id" | "nodes">,
  options: FollowOptions = {},
): Promise<number> {
  const { terminal } = context;
  const after = await showLines(context, run, options);
  if (after === undefined) {
    terminal.error(
      `The run goes on. To see it: gantry run output ${run.id}; to stop it: gantry run cancel ${run.id}\n`,
    );
    return EXIT.interrupted;
  }
  if (options.fetches === true && !after.plan) {
    const { writeFetched } = await import("./run-fetched.ts");
    await writeFetched(context, run.id, options.foreign === true ? process.cwd() : undefined);
  }
  if (after.plan) await (await import("./run-plan.ts")).printPlan(context, run.id);
  if (options.summary === true && !after.plan)
    terminal.error(`${summaryText(terminal, after.nodes)}${countsText(after.counts)}\n`);
  if (after.status === "done") return EXIT.ok;
  if (after.error !== null)
    throw new GantryError(EXEC_FAILED, `the run could not go on: ${after.error.message} (${after.error.code})`);
  const failed = after.nodes.filter(({ state }) => state !== "done").map(({ name }) => name);
  throw new GantryError(EXEC_FAILED, `${failed.length} of ${after.nodes.length} nodes failed: ${shortList(failed)}`);
}

/** Returns the run as it ended; undefined when Ctrl-C came before. Errors: `output_broken_off`. */
async function showLines(
  { client, terminal }: CommandContext,
  run: Pick<Run, "id" | "nodes">,
  { quiet = false }: FollowOptions,
): Promise<EndedRun | undefined> {
  const width = Math.max(0, ...run.nodes.map(({ name }) => name.length));
  const printer = linePrinter(terminal, width);
  const bar = progressBar(terminal);
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  process.once("SIGINT", leave);
  try {
    for await (const line of await client.runs.output(run.id, { signal: leaving.signal })) {
      if (line.kind === "progress") {
        bar.show(line.done ?? 0, line.total ?? 0);
        continue;
      }
      if (line.kind === "output" && quiet) continue;
      bar.hide();
      if (line.kind === "run") return line.run;
      if (line.kind === "output") printer.write(line.node ?? "", line.stream ?? "stdout", line.text ?? "");
      else {
        printer.end(line.node ?? "");
        printEnd(terminal, width, line);
      }
    }
    if (leaving.signal.aborted) return undefined;
    throw new GantryError(OUTPUT_BROKEN_OFF, `the server stopped before run ${run.id} had ended`, {
      hint: `The run goes on when the server does. To see it then: gantry run output ${run.id}`,
    });
  } catch (error) {
    if (leaving.signal.aborted) return undefined;
    throw error;
  } finally {
    bar.hide();
    process.removeListener("SIGINT", leave);
  }
}

function printEnd(terminal: Terminal, width: number, line: RunLine): void {
  if (line.state === "done" || line.state === "skipped") return;
  const code = line.exitCode === null || line.exitCode === undefined ? "" : ` (exit code ${line.exitCode})`;
  const name = paint(terminal, "red", (line.node ?? "").padEnd(width));
  terminal.error(`${name} | ${line.state ?? "failed"}${code}: ${printable(line.message ?? "")}\n`);
}

/** Names in a message. */
const MOST_NAMES = 20;

function shortList(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(", ");
  return `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`;
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
