import { GantryError } from "../../kernel/errors.ts";
import type { CommandContext } from "../context.ts";
import { BUILD_FAILED } from "../errors.ts";
import { durationText, table, type Column } from "../output.ts";
import { paint, printable } from "../terminal.ts";
import { progressView } from "./progress.ts";
import type { DesignStatus, StatusItem } from "./status.ts";

/** Least time between two looks at the status: events come by the hundred. */
const REDRAW_MILLISECONDS = 100;

/** Follows the event stream and shows the status after each event, until nothing is being done any more. */
export async function watchUntilSettled(
  context: CommandContext,
  design: string,
  signal?: AbortSignal,
  quiet = false,
): Promise<DesignStatus> {
  if (quiet) {
    // Where nothing was to be done there is nothing to show, unless an earlier command was interrupted.
    const status = await context.client.designs.status(design);
    if (status.settled) return status;
  }
  const view = progressView(context.terminal);
  const stop = new AbortController();
  const aborted = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  // The stream begins before the first look, so that nothing between the two is missed.
  const events = context.client.events.follow({ signal: aborted });
  await events.opened;
  let wake: () => void = () => {};
  let happened = true;
  const pump = (async () => {
    for await (const event of events) {
      void event;
      happened = true;
      wake();
    }
  })();
  pump.catch(() => {}).finally(() => wake());
  try {
    for (;;) {
      happened = false;
      const status = await context.client.designs.status(design);
      view.show(status.items);
      if (status.settled || signal?.aborted === true) return status;
      await Promise.race([delay(REDRAW_MILLISECONDS), pump]);
      // Quiet streams are looked at once a second all the same: the clock moves `delay` and `time left`.
      if (!happened) await Promise.race([delay(1000), new Promise<void>((resolve) => (wake = resolve))]);
    }
  } finally {
    stop.abort();
    view.end();
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

const COLUMNS: readonly Column<StatusItem>[] = [
  { heading: "STRUCTURE", value: (item) => printable(item.name) },
  { heading: "BLUEPRINT", value: (item) => printable(item.blueprint) },
  { heading: "ADDRESS", value: (item) => item.addresses.join(", ") || "-" },
  { heading: "STATE", value: (item) => item.state },
  { heading: "TIME", value: (item) => durationText(item.milliseconds) },
];

/** The table `up` ends with; none where everything is only recorded. */
export function printSummary(context: CommandContext, status: DesignStatus): void {
  if (status.items.length === 0) return;
  context.terminal.out(`\n${table(context.terminal, COLUMNS, status.items)}`);
}

/** Names each failed job, its script line and its last output. @throws GantryError `build_failed` when there is one */
export function reportFailures(context: CommandContext, status: DesignStatus): void {
  const failed = status.items.filter((item) => item.failure !== null);
  for (const item of failed) {
    const failure = item.failure!;
    const place = failure.place === null ? "" : ` at ${printable(failure.place)}`;
    context.terminal.error(
      `\n${paint(context.terminal, "red", printable(item.name))}: job ${failure.jobId} ${item.state}${place}: ${printable(failure.message)}\n`,
    );
    for (const line of failure.output
      .trimEnd()
      .split("\n")
      .filter((text) => text !== "")) {
      context.terminal.error(`  | ${printable(line)}\n`);
    }
  }
  if (failed.length > 0) {
    const names = failed.map((item) => item.name).join(", ");
    throw new GantryError(BUILD_FAILED, `${failed.length} of ${status.items.length} failed: ${names}`);
  }
}
