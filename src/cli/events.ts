import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { get } from "./get.ts";
import { eventSubject, eventText } from "./kinds.ts";
import { timeText } from "./output.ts";
import { paint, printable } from "./terminal.ts";

/** `gantry events [--follow]`. */
export async function events(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const after = typeof options["after"] === "string" ? options["after"] : undefined;
  if (options["follow"] !== true) {
    return get(context, { limit: 1000, ...(after === undefined ? {} : { cursor: after }) }, ["events"]);
  }
  const query = new URLSearchParams({ follow: "true", ...(after === undefined ? {} : { cursor: after }) });
  for await (const event of await context.client.follow<JsonObject>(`/v1/events?${query.toString()}`)) {
    if (context.output === "table") context.terminal.out(eventLine(context, event));
    else context.terminal.out(`${JSON.stringify(event)}\n`);
  }
}

function eventLine(context: CommandContext, event: JsonObject): string {
  const at = typeof event["at"] === "number" ? event["at"] : null;
  const type = String(event["type"]).padEnd(18);
  return `${paint(context.terminal, "dim", timeText(at))}  ${printable(`${type}  ${eventSubject(event)}  ${eventText(event)}`)}\n`;
}
