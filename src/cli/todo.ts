import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { printList, timeText, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

const COLUMNS: readonly Column<JsonObject>[] = [
  { heading: "ID", value: (row) => String(row["id"]) },
  { heading: "SINCE", value: (row) => timeText(row["since"] as number) },
  { heading: "TARGET", value: (row) => targetText(row["target"] as JsonObject) },
  { heading: "WHAT TO DO", value: (row) => printable(whatText(row)) },
];

/** `gantry todo`. */
export async function list(context: CommandContext): Promise<void> {
  const rows = (await context.client.todos.list().all()) as unknown as JsonObject[];
  printList(context.terminal, context.output, COLUMNS, rows, "Nobody is asked to do anything.");
}

/** `gantry todo done ID [--note TEXT] [--value VALUE]`. */
export async function done(
  context: CommandContext,
  { note, value }: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const id = args[0] ?? "";
  const todo = await context.client.todos.done(id, {
    ...(typeof note === "string" && { note }),
    ...(typeof value === "string" && { value: valueOf(value) as never }),
  });
  context.terminal.out(`${id}: done, ${todo.script} of ${todo.target.name} goes on\n`);
}

/** `gantry todo failed ID --note TEXT`. */
export async function failed(
  context: CommandContext,
  { note }: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const id = args[0] ?? "";
  const todo = await context.client.todos.failed(id, { note: String(note) });
  context.terminal.out(`${id}: failed, and so does ${todo.script} of ${todo.target.name}\n`);
}

/** What a script gets: JSON where it is some, else the text itself. */
function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function targetText({ kind, name }: JsonObject): string {
  return `${String(kind)} ${String(name)}`;
}

/** With where it stands and whom to ask; a paused job with what to say. */
function whatText({ text, details, kind }: JsonObject): string {
  const more = Object.entries((details ?? {}) as JsonObject).map(([name, value]) => `${name}: ${String(value)}`);
  const end = kind === "paused" ? " (paused; `done` lets it go on)" : "";
  return `${String(text)}${more.length === 0 ? "" : ` (${more.join(", ")})`}${end}`;
}
