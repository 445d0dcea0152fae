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

interface LogPage {
  readonly items: readonly JsonObject[];
  readonly next?: string | null;
}

/** `gantry job log ID [--follow]`. Ends with 1 when the job failed. */
export async function log(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const path = `/v1/jobs/${encodeURIComponent(args[0] ?? "")}`;
  const stop = new AbortController();
  const feed = options["follow"] === true ? context.client.events.follow({ signal: stop.signal }) : undefined;
  // The stream is opened before the first look, so that nothing in between is missed.
  await feed?.opened;
  const events = feed?.[Symbol.asyncIterator]();
  let next = events?.next();
  let after: string | null = null;
  const rows: JsonObject[] = [];
  try {
    for (;;) {
      const job = await context.client.get<JsonObject>(path);
      for (;;) {
        const page: LogPage = await context.client.get<LogPage>(
          `${path}/log?limit=200${after === null ? "" : `&cursor=${encodeURIComponent(after)}`}`,
        );
        rows.push(...page.items);
        if (page.items.length > 0) after = String(page.items.at(-1)!["sequence"]);
        if (page.items.length < 200) break;
      }
      const ended = ["done", "failed", "cancelled"].includes(String(job["status"]));
      if (events === undefined || ended) {
        printList(context.terminal, context.output, LOG_COLUMNS, rows.splice(0), "The job has no log yet.");
        printFailure(context, job);
        return job["status"] === "failed" ? EXIT.failed : EXIT.ok;
      }
      for (const row of rows.splice(0))
        context.terminal.out(`${LOG_COLUMNS.map((column) => column.value(row)).join("  ")}\n`);
      await next;
      next = events.next();
    }
  } finally {
    stop.abort();
  }
}

function printFailure(context: CommandContext, job: JsonObject): void {
  const failure = job["failure"] as JsonObject | null;
  if (failure === null || context.output !== "table") return;
  context.terminal.error(`${paint(context.terminal, "red", "failed:")} ${printable(String(failure["message"]))}\n`);
  const output = typeof failure["output"] === "string" ? failure["output"] : "";
  for (const line of output.split("\n").filter((text) => text !== ""))
    context.terminal.error(`  | ${printable(line)}\n`);
}

/** `gantry job pause|resume|cancel|retry ID`. */
export function control(action: "pause" | "resume" | "cancel" | "retry") {
  return async (context: CommandContext, _options: Record<string, unknown>, args: readonly string[]): Promise<void> => {
    const id = args[0] ?? "";
    const job = await context.client.send<JsonObject>("POST", `/v1/jobs/${encodeURIComponent(id)}/${action}`);
    context.terminal.out(`${id}: ${action} asked for, now ${String(job["status"])}\n`);
  };
}
