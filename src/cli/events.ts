import type { Event } from "../client/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { eventSubject, eventText, kindNamed, resourceOf } from "./kinds.ts";
import { printData, printList, timeText } from "./output.ts";
import { paint, printable } from "./terminal.ts";

/** `gantry events [--follow] [--type TYPE…] [--subject KIND[/NAME]]`. */
export async function events(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const { client } = context;
  const after = options["after"] as string | undefined;
  const type = options["type"] as readonly string[] | undefined;
  const subject = await subjectOf(context, options["subject"] as string | undefined);
  if (options["follow"] === true) {
    for await (const event of client.events.follow({ type, subject, after })) printEvent(context, event);
    return;
  }
  const limit = Math.max(1, Number(options["limit"]) || 1000);
  const rows = await client.events
    .list({ limit, type: type === undefined ? type : [...type], subject, cursor: after })
    .all();
  printList(
    context.terminal,
    context.output,
    kindNamed("events").columns,
    rows as unknown as JsonObject[],
    "There are no such events.",
  );
}

/** `structure/web1` as the server takes it, by id: an id stays when a name goes to another thing. */
async function subjectOf(context: CommandContext, subject: string | undefined): Promise<string | undefined> {
  const [, kindName = "", name] = /^([^/]*)(?:\/(.+))?$/s.exec(subject ?? "") ?? [];
  if (subject === undefined || name === undefined || /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name)) return subject;
  const found = await resourceOf(context.client, kindNamed(kindName)).get?.(name);
  return `${kindName}/${String(found?.["id"] ?? name)}`;
}

function printEvent(context: CommandContext, event: Event): void {
  const { terminal, output } = context;
  if (output === "json") terminal.out(`${JSON.stringify(event)}\n`);
  else if (output === "table") terminal.out(eventLine(context, event as unknown as JsonObject));
  else {
    terminal.out("---\n");
    printData(terminal, output, event as unknown as JsonObject);
  }
}

function eventLine(context: CommandContext, event: JsonObject): string {
  const at = typeof event["at"] === "number" ? event["at"] : null;
  const type = String(event["type"]).padEnd(18);
  return `${paint(context.terminal, "dim", timeText(at))}  ${printable(`${type}  ${eventSubject(event)}  ${eventText(event)}`)}\n`;
}
