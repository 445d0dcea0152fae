import type { Job } from "../client/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printList, type Column } from "./output.ts";
import { paint, printable } from "./terminal.ts";

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: "JOB", value: (row) => String(row["id"]) },
  { heading: "SCRIPT", value: (row) => String(row["script"]) },
  { heading: "KIND", value: (row) => String((row["target"] as JsonObject)["kind"]) },
  { heading: "NAME", value: (row) => String((row["target"] as JsonObject)["name"]) },
  { heading: "STATUS", value: (row) => String(row["status"]) },
];

/** `gantry job start SCRIPT --structure NAME|--foundation NAME|--group NAME [--wait]`. Waiting ends with 1 unless all jobs are done. */
export async function start(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const [structure, foundation, group] = ["structure", "foundation", "group"].map((name) => options[name] as string);
  if ([structure, foundation, group].filter((name) => name !== undefined).length !== 1)
    throw new GantryError(USAGE, "name exactly one of --structure, --foundation and --group");
  const wait = options["wait"] === true;
  const stop = new AbortController();
  const feed = wait ? context.client.events.follow({ signal: stop.signal }) : undefined;
  try {
    // The stream is opened before anything starts, so that no end is missed.
    await feed?.opened;
    const { items } = await context.client.jobs.create({ script: args[0] ?? "", structure, foundation, group });
    if (feed === undefined) {
      printList(context.terminal, context.output, COLUMNS, items as unknown as JsonObject[], "Nothing was started.");
      return EXIT.ok;
    }
    const jobs = await ended(
      context,
      feed,
      items.map(({ id }) => id),
    );
    const rows = items.map((item, at) => ({ ...item, status: jobs[at]?.status ?? "" }));
    printList(context.terminal, context.output, COLUMNS, rows as unknown as JsonObject[], "Nothing was started.");
    for (const job of jobs) tellTrouble(context, job);
    return jobs.every(({ status }) => status === "done") ? EXIT.ok : EXIT.failed;
  } finally {
    stop.abort();
  }
}

/** The jobs when none of them goes on by itself any more: one that is paused waits for a person. */
async function ended(
  context: CommandContext,
  feed: AsyncIterable<unknown>,
  ids: readonly string[],
): Promise<readonly Job[]> {
  const events = feed[Symbol.asyncIterator]();
  const found = new Map<string, Job>();
  for (;;) {
    const next = events.next();
    // It is heard below: a rejection that nobody listens to meanwhile would end the program.
    next.catch(() => undefined);
    for (const id of ids) {
      const known = found.get(id);
      if (known !== undefined && isAtRest(known)) continue;
      found.set(id, await context.client.jobs.get(id));
    }
    const jobs = ids.flatMap((id) => found.get(id) ?? []);
    if (jobs.every(isAtRest)) return jobs;
    await next;
  }
}

function isAtRest({ status }: Job): boolean {
  return ["done", "failed", "cancelled", "paused"].includes(status);
}

function tellTrouble({ terminal, output }: CommandContext, { id, status, message, failure, target }: Job): void {
  if (output !== "table" || status === "done") return;
  const what = failure === null ? printable(message) : printable(failure.message);
  terminal.error(`${paint(terminal, "red", `${target.name} ${status}:`)} ${what}\n`);
  if (status === "paused") terminal.error(`  gantry job resume ${id}\n`);
  for (const line of (failure?.output ?? "").split("\n").filter((text) => text !== ""))
    terminal.error(`  | ${printable(line)}\n`);
}
