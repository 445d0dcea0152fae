import { setTimeout as pause } from "node:timers/promises";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./failure.ts";
import { type Column, printList, timeText } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry worker list|drain|resume`: workers as the server sees them. */

interface Worker {
  readonly name: string;
  readonly site: string;
  /** By module: `2/4` is two tasks of at most four. */
  readonly slots: Readonly<Record<string, { readonly limit: number; readonly inUse: number }>>;
  readonly state: string;
  readonly seenAt: number | null;
  readonly version: string;
}

const COLUMNS: readonly Column<Worker>[] = [
  { heading: "NAME", value: (row) => printable(row.name) },
  { heading: "SITE", value: (row) => printable(row.site) },
  { heading: "STATE", value: (row) => row.state },
  { heading: "SEEN", value: (row) => timeText(row.seenAt) },
  { heading: "VERSION", value: (row) => printable(row.version) || "-" },
  {
    heading: "MODULES",
    value: ({ slots }) =>
      Object.entries(slots)
        .map(([name, { limit, inUse }]) => printable(`${name} ${inUse}/${limit}`))
        .join(", ") || "-",
  },
];

/** Milliseconds between two looks while waiting. */
const LOOK_EVERY = 500;

/** `gantry worker list`. */
export async function list(context: CommandContext): Promise<void> {
  const [nodes, sites] = await Promise.all([
    context.client.nodes.list({ kind: "worker" }).all(),
    context.client.sites.list().all(),
  ]);
  const names = new Map(sites.map(({ id, name }) => [id, name]));
  const workers = nodes.map(({ name, siteId, slots, state, drain: draining, seenAt, version }): Worker => ({
    name,
    site: siteId === null ? "all" : (names.get(siteId) ?? siteId),
    slots,
    state: draining ?? state,
    seenAt,
    version,
  }));
  printList(context.terminal, context.output, COLUMNS, workers, "There are no workers.");
}

/** `gantry worker drain NAME`. */
export async function drain(
  context: CommandContext,
  options: Record<string, unknown>,
  [name = ""]: readonly string[],
): Promise<number> {
  let worker = await context.client.nodes.drain(name);
  if (options["wait"] !== true) {
    context.terminal.out(`worker ${printable(name)} is ${worker.drain ?? worker.state}\n`);
    return EXIT.ok;
  }
  while (worker.drain === "draining") {
    await pause(LOOK_EVERY);
    worker = await context.client.nodes.get(name);
  }
  if (worker.drain === null) {
    context.terminal.error(`worker ${printable(name)} is given tasks again: somebody resumed it\n`);
    return EXIT.failed;
  }
  context.terminal.out(`worker ${printable(name)} is drained\n`);
  return EXIT.ok;
}

/** `gantry worker resume NAME`. */
export async function resume(
  context: CommandContext,
  _options: Record<string, unknown>,
  [name = ""]: readonly string[],
): Promise<void> {
  await context.client.nodes.resume(name);
  context.terminal.out(`worker ${printable(name)} is given tasks\n`);
}
