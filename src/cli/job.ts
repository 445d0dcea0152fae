import type { Job } from "../client/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./failure.ts";
import { printList, timeText, type Column } from "./output.ts";
import { paint, printable } from "./terminal.ts";

const LOG_COLUMNS: readonly Column<JsonObject>[] = [
  { heading: "AT", value: (row) => timeText(row["at"] as number) },
  { heading: "LINE", value: (row) => (row["line"] === null ? "-" : String(row["line"])) },
  { heading: "WHAT", value: (row) => String(row["kind"]) },
  { heading: "TEXT", value: (row) => printable(String(row["text"])) },
];

/** `gantry job log ID [--follow]`. Ends with 1 when the job failed. */
export async function log(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const { jobs } = context.client;
  const id = args[0] ?? "";
  const stop = new AbortController();
  const feed = options["follow"] === true ? context.client.events.follow({ signal: stop.signal }) : undefined;
  // The stream is opened before the first look, so that nothing in between is missed.
  await feed?.opened;
  const events = feed?.[Symbol.asyncIterator]();
  let next = events?.next();
  let after: number | undefined;
  try {
    for (;;) {
      const job = await jobs.get(id);
      const rows = (await jobs.log(id, { cursor: after }).all()) as unknown as JsonObject[];
      after = rows.length === 0 ? after : Number(rows.at(-1)!["sequence"]);
      const ended = ["done", "failed", "cancelled"].includes(job.status);
      if (events === undefined || ended) {
        printList(context.terminal, context.output, LOG_COLUMNS, rows, "The job has no log yet.");
        printFailure(context, job);
        return job.status === "failed" ? EXIT.failed : EXIT.ok;
      }
      for (const row of rows) context.terminal.out(`${LOG_COLUMNS.map((column) => column.value(row)).join("  ")}\n`);
      await next;
      next = events.next();
    }
  } finally {
    stop.abort();
  }
}

function printFailure(context: CommandContext, { status, failure }: Job): void {
  if (failure === null || context.output !== "table") return;
  context.terminal.error(`${paint(context.terminal, "red", `${status}:`)} ${printable(failure.message)}\n`);
  for (const line of (failure.output ?? "").split("\n").filter((text) => text !== ""))
    context.terminal.error(`  | ${printable(line)}\n`);
}

/** `gantry job jump ID LABEL`. */
export async function jump(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const [id = "", label = ""] = args;
  const job = await context.client.jobs.jump(id, { label });
  context.terminal.out(`${id}: goes on at ${label}, now ${job.status}\n`);
}

/** `gantry job pause|resume|cancel|retry|rollback ID`. */
export function control(action: "pause" | "resume" | "cancel" | "retry" | "rollback") {
  return async (context: CommandContext, _options: Record<string, unknown>, args: readonly string[]): Promise<void> => {
    const id = args[0] ?? "";
    const job = await context.client.jobs[action](id);
    context.terminal.out(`${id}: ${action} asked for, now ${job.status}\n`);
  };
}
