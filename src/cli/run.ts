import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { NO_RUNS, USAGE } from "./errors.ts";
import { durationText, printData, printList, table, timeText, type Column } from "./output.ts";
import { followRun } from "./run-follow.ts";
import { counted, countsText, summaryText } from "./run-summary.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry run …`. */

interface ListedRun {
  readonly id: string;
  readonly text: string;
  readonly status: string;
  readonly plan: boolean;
  readonly starter: string;
  readonly nodeCount: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

const RUNS: readonly Column<ListedRun>[] = [
  { heading: "ID", value: (row) => row.id },
  { heading: "STATUS", value: (row) => (row.plan ? `${row.status} (plan)` : row.status) },
  { heading: "STARTED", value: (row) => timeText(row.createdAt) },
  { heading: "TOOK", value: (row) => durationText(row.finishedAt === null ? null : row.finishedAt - row.createdAt) },
  { heading: "NODES", value: (row) => String(row.nodeCount) },
  { heading: "BY", value: (row) => printable(row.starter) },
  { heading: "WHAT", value: (row) => printable(clipped(row.text)) },
];

/** Characters of a text within a table. */
const WIDEST = 60;

function clipped(text: string): string {
  const [first = "", ...rest] = text.trim().split("\n");
  return first.length > WIDEST || rest.length > 0 ? `${first.slice(0, WIDEST - 1)}…` : first;
}

/** `gantry run list [--limit N]`. */
export async function list(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const limit = count(options["limit"], "--limit");
  const rows: ListedRun[] = [];
  for await (const run of context.client.runs.list()) {
    if (rows.length >= limit) break;
    rows.push(run);
  }
  printList(context.terminal, context.output, RUNS, rows, "There are no runs.");
}

/** `gantry run show [RUN]`. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { terminal } = context;
  const run = await context.client.runs.get(await chosen(context, args[0]));
  if (context.output !== "table") return printData(terminal, context.output, run as unknown as Json);
  const took = run.finishedAt === null ? "" : `, after ${durationText(run.finishedAt - run.createdAt)}`;
  terminal.out(`run ${run.id}: ${printable(clipped(run.text))}\n`);
  terminal.out(`${run.status}${took}: ${countsText(run.counts)}\n`);
  if (run.error !== null) terminal.out(`it could not go on: ${printable(run.error.message)} (${run.error.code})\n`);
  for (const [index, entry] of run.entries.entries()) {
    const ended = entry.stages.every((stage) => stage.finishedAt !== null);
    const at = entry.stages.findIndex((stage) => stage.finishedAt === null);
    const how = ended ? "ended" : `stage ${at + 1} of ${entry.stages.length}`;
    terminal.out(`  ${index + 1}. ${printable(entry.name ?? "entry")}: ${counted(entry.nodeCount, "node")}, ${how}\n`);
  }
  terminal.out(summaryText(terminal, run.nodes));
}

interface VerbLine {
  readonly job: number;
  readonly verb: string;
  /** Null: it is sensitive. */
  readonly text: string | null;
}

function verbText({ verb, text }: VerbLine): string {
  return printable(clipped(`${verb} ${text ?? "(not shown)"}`));
}

interface ResultRow {
  readonly node: string;
  readonly job: number;
  readonly state: string;
  readonly exitCode: number | null;
  readonly message: string | null;
  readonly milliseconds: number | null;
  readonly line: VerbLine | undefined;
}

const RESULTS: readonly Column<ResultRow>[] = [
  { heading: "NODE", value: (row) => printable(row.node) },
  { heading: "NUMBER", value: (row) => String(row.job) },
  { heading: "VERB", value: ({ line }) => (line === undefined ? "-" : verbText(line)) },
  { heading: "STATE", value: (row) => row.state },
  { heading: "CODE", value: (row) => (row.exitCode === null ? "-" : String(row.exitCode)) },
  { heading: "TOOK", value: (row) => durationText(row.milliseconds) },
  { heading: "MESSAGE", value: (row) => printable(clipped(row.message ?? "")) },
];

/** `gantry run results [RUN] [--node NAME] [--state STATE]`. */
export async function results(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { client, terminal } = context;
  const id = await chosen(context, args[0]);
  const filter = { node: options["node"] as string | undefined, state: options["state"] as "ok" | undefined };
  const rows = await client.runs.results(id, filter).all();
  if (context.output !== "table") return printData(terminal, context.output, rows as unknown as Json);
  const lines = new Map((await client.runs.verbs(id).all()).map((line) => [line.job, line]));
  printList(
    terminal,
    context.output,
    RESULTS,
    rows.map((row) => ({ ...row, line: lines.get(row.job) })),
    "No verb of this run ended so.",
  );
}

/** `gantry run output [RUN]`: also what is already there. Ends as the run does. */
export async function output(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  return followRun(context, await context.client.runs.get(await chosen(context, args[0])), { summary: true });
}

/** `gantry run cancel RUN`. */
export async function cancel(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const id = args[0] ?? "";
  const run = await context.client.runs.get(id);
  await confirm(context, `Stop run ${id} (${printable(clipped(run.text))})? What is under way is cut off.`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `cancelling run ${id}`,
  });
  const after = await context.client.runs.cancel(id);
  const how = after.status === "running" ? "is being stopped" : `${after.status}: ${countsText(after.counts)}`;
  context.terminal.out(`run ${id} ${how}\n`);
}

/** `gantry run purge [RUN…] [--older-than DAYS]`. */
export async function purge(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { client, terminal } = context;
  const days = options["olderThan"];
  if ((args.length === 0) === (days === undefined))
    throw new GantryError(USAGE, "purge takes runs, or --older-than DAYS, and not both");
  const ids = days === undefined ? args : await olderThan(context, count(days, "--older-than"));
  const what = ids.length === 1 ? `run ${ids[0]}` : `${ids.length} runs`;
  if (ids.length === 0) return void terminal.out("There is nothing to remove.\n");
  await confirm(context, `Remove ${what} with all output?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `removing ${what}`,
  });
  for (const id of ids) await client.runs.delete(id);
  terminal.out(`${what} removed\n`);
}

const DAY = 24 * 60 * 60 * 1000;

async function olderThan(context: CommandContext, days: number): Promise<readonly string[]> {
  const before = systemClock.now() - days * DAY;
  const all = await context.client.runs.list().all();
  return all.flatMap(({ id, finishedAt }) => (finishedAt !== null && finishedAt < before ? [id] : []));
}

interface SlowVerb {
  readonly verb: VerbLine;
  readonly nodes: number;
  readonly mean: number;
  readonly longest: number;
  readonly slowest: string | null;
}

interface SlowNode {
  readonly node: string;
  readonly waiting: number;
  readonly execution: number;
  readonly roundTrip: number;
}

/** Lines of each table of the analysis. */
const SLOWEST = 10;

/** `gantry run analyze [RUN]`. */
export async function analyze(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { terminal } = context;
  const analysis = await context.client.runs.analysis(await chosen(context, args[0]));
  if (context.output !== "table") return printData(terminal, context.output, analysis as unknown as Json);
  const verbs: readonly Column<SlowVerb>[] = [
    { heading: "NUMBER", value: (row) => String(row.verb.job) },
    { heading: "VERB", value: (row) => verbText(row.verb) },
    { heading: "NODES", value: (row) => String(row.nodes) },
    { heading: "MEAN", value: (row) => durationText(row.mean) },
    { heading: "LONGEST", value: (row) => durationText(row.longest) },
    { heading: "ON", value: (row) => printable(row.slowest ?? "-") },
  ];
  const nodes: readonly Column<SlowNode>[] = [
    { heading: "NODE", value: (row) => printable(row.node) },
    { heading: "WAITED", value: (row) => durationText(row.waiting) },
    { heading: "WORKED", value: (row) => durationText(row.execution) },
    { heading: "ELSE", value: (row) => durationText(row.roundTrip) },
  ];
  const { total } = analysis;
  terminal.out(
    `${counted(total.verbs, "verb")} on nodes: they worked for ${durationText(total.execution)}, and were waited for ${durationText(total.waiting)}\n`,
  );
  terminal.out(`\nThe slowest verbs:\n${table(terminal, verbs, analysis.verbs.slice(0, SLOWEST))}`);
  terminal.out(`\nThe slowest nodes:\n${table(terminal, nodes, analysis.nodes.slice(0, SLOWEST))}`);
}

/** `gantry run export [RUN] [--file FILE]`. */
export async function exportRun(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const lines = await context.client.runs.export(await chosen(context, args[0]));
  const path = options["file"] as string | undefined;
  if (path === undefined) {
    for await (const line of lines) context.terminal.out(`${JSON.stringify(line)}\n`);
    return;
  }
  const file = createWriteStream(path, { mode: 0o600 });
  for await (const line of lines) if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain");
  file.end();
  await finished(file);
}

/** The one that is named, else the newest. Errors: `no_runs`. */
async function chosen(context: CommandContext, id: string | undefined): Promise<string> {
  if (id !== undefined) return id;
  for await (const run of context.client.runs.list({ limit: 1 })) return run.id;
  throw new GantryError(NO_RUNS, "there are no runs yet");
}

function count(given: unknown, name: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1)
    throw new GantryError(USAGE, `${name} ${String(given)} is not a whole number above 0`);
  return value;
}
