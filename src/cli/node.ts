import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { versionText } from "./node-version.ts";
import { followRun } from "./run-follow.ts";
import { durationText, printData, printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry node list|show|purge|cache`. */

interface Node {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly version: string;
  readonly facts: JsonObject;
  readonly seenAt: number | null;
  readonly missed: number | null;
  readonly load: number | null;
}

const NODES: readonly Column<Node>[] = [
  { heading: "NAME", value: (row) => printable(row.name) },
  { heading: "KIND", value: (row) => row.kind },
  { heading: "STATE", value: (row) => row.state },
  { heading: "SEEN", value: (row) => seenText(row.seenAt) },
  { heading: "MISSING", value: (row) => (row.missed === null || row.missed === 0 ? "-" : `${row.missed} heartbeats`) },
  { heading: "TASKS", value: (row) => (row.load === null ? "-" : String(row.load)) },
  { heading: "LOAD", value: (row) => numberText(row.facts["load"]) },
  { heading: "VERSION", value: ({ version, facts }) => versionText({ version, facts }) },
  { heading: "FACTS", value: (row) => printable(factsText(row.facts)) },
];

function seenText(at: number | null): string {
  return at === null ? "never" : `${durationText(Math.max(0, systemClock.now() - at))} ago`;
}

function numberText(value: Json | undefined): string {
  return typeof value === "number" ? String(value) : "-";
}

const GIBIBYTE = 2 ** 30;

/** `Debian GNU/Linux 12 (bookworm), x64, 2 processors, 23.5 GiB`: what tells machines apart. */
function factsText({ system, architecture, processors, memory }: JsonObject): string {
  return [
    system,
    architecture,
    typeof processors === "number" ? `${processors} processor${processors === 1 ? "" : "s"}` : undefined,
    typeof memory === "number" ? `${(memory / GIBIBYTE).toFixed(1)} GiB` : undefined,
  ]
    .filter((part) => typeof part === "string")
    .join(", ");
}

/** `gantry node list [--kind KIND] [--missing]`. */
export async function list(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const kind = options["kind"] as "agent" | "worker" | undefined;
  const all = (await context.client.nodes.list({ kind }).all()) as unknown as readonly Node[];
  const rows = options["missing"] === true ? all.filter(({ state }) => state !== "connected") : all;
  const none = options["missing"] === true ? "No node is missing." : "No node has joined.";
  printList(context.terminal, context.output, NODES, rows, none);
}

/** `gantry node show NAME`: with all its facts. */
export async function show(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { modules, slots, ...node } = await context.client.nodes.get(args[0] ?? "");
  printData(context.terminal, context.output, { ...node, modules, slots } as unknown as Json);
}

/** `gantry node purge [NAME…] [--missing DAYS]`: nodes that are gone for good. */
export async function purge(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const { client, terminal } = context;
  const days = options["missing"] as string | undefined;
  if ((args.length === 0) === (days === undefined))
    throw new GantryError(USAGE, "purge takes names, or --missing DAYS, and not both");
  // Names that are wrong are told before anything is removed.
  for (const name of args) await client.nodes.get(name);
  const names = days === undefined ? args : await missingFor(context, daysOf(days));
  if (names.length === 0) return void terminal.out("There is nothing to remove.\n");
  const what = `${names.length === 1 ? "node" : "nodes"} ${names.map(printable).join(", ")}`;
  await confirm(context, `Remove ${what}?`, {
    yes: options["yes"] === true,
    destroys: true,
    what: `removing ${what}`,
  });
  for (const name of names) {
    await client.nodes.delete(name);
    terminal.out(`node ${printable(name)} removed\n`);
  }
}

const DAY = 24 * 60 * 60 * 1000;

function daysOf(text: string): number {
  const days = Number(text);
  if (!(days >= 0) || text.trim() === "") throw new GantryError(USAGE, `--missing ${text} is not a number of days`);
  return days;
}

async function missingFor(context: CommandContext, days: number): Promise<readonly string[]> {
  const before = systemClock.now() - days * DAY;
  const all = await context.client.nodes.list().all();
  return all.flatMap((one) => (one.state !== "connected" && (one.seenAt ?? one.joinedAt) < before ? [one.name] : []));
}

interface Remembered {
  readonly node: string;
  readonly key: string;
  readonly verb: string;
  readonly text: string;
  readonly at: number;
}

const REMEMBERED: readonly Column<Remembered>[] = [
  { heading: "NODE", value: (row) => printable(row.node) },
  { heading: "KEY", value: (row) => row.key },
  { heading: "SINCE", value: (row) => timeText(row.at) },
  { heading: "VERB", value: (row) => printable(`${row.verb.toUpperCase()} ${row.text}`.split("\n")[0] ?? "") },
];

/** `gantry node cache list NAME…`. */
export async function listCache(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const nodes = await Promise.all(
    args.map(async (name) => ({ node: name, ...(await context.client.nodes.cache(name)) })),
  );
  if (context.output !== "table") return printData(context.terminal, context.output, nodes as unknown as Json);
  const rows = nodes.flatMap(({ node, results }) => results.map((result) => ({ node, ...result })));
  printList(context.terminal, context.output, REMEMBERED, rows, "No result is remembered.");
  for (const { node, arguments: names, environment } of nodes) {
    if (names.length > 0) context.terminal.out(`${printable(node)}: arguments ${names.map(printable).join(", ")}\n`);
    if (environment.length > 0)
      context.terminal.out(`${printable(node)}: variables ${environment.map(printable).join(", ")}\n`);
  }
}

/** `gantry node cache evict NAME… [--what WHAT] [--key KEY]`: a run of CACHEEVICT. */
export async function evictCache(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const keys = (options["key"] as readonly string[] | undefined) ?? [];
  const wrong = keys.find((key) => !/^[0-9a-f]+$/.test(key));
  if (wrong !== undefined)
    throw new GantryError(USAGE, `${wrong} is no key of a result: gantry node cache list shows them`);
  const text = [String(options["what"]), ...keys].join(" ");
  const run = await context.client.runs.create({
    text: `CACHEEVICT ${text}`,
    targets: args,
    entries: [{ jobs: [{ verb: "CACHEEVICT", text }] }],
  });
  return followRun(context, run);
}
