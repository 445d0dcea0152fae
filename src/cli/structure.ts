import { parse } from "yaml";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, printList, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

interface Explained {
  readonly name: string;
  readonly value: Json;
  readonly from: string;
  readonly overrode: string;
}

const EXPLAIN_COLUMNS: readonly Column<Explained>[] = [
  { heading: "VARIABLE", value: (row) => printable(row.name) },
  { heading: "VALUE", value: (row) => printable(JSON.stringify(row.value)) },
  { heading: "FROM", value: (row) => printable(row.from) },
  { heading: "OVERRODE", value: (row) => printable(row.overrode) },
];

interface VariablesAnswer {
  readonly values: JsonObject;
  readonly explain?: Readonly<
    Record<string, { readonly value: Json; readonly parts: readonly Part[]; readonly overrode: readonly Part[] }>
  >;
}

/** What one layer says about a variable. */
interface Part {
  readonly source: { readonly kind: string; readonly name: string };
  readonly operator: string;
  readonly value: Json;
}

/** `gantry structure vars NAME [--explain]`. */
export async function variables(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const explain = options["explain"] === true;
  const path = `/v1/structures/${encodeURIComponent(args[0] ?? "")}/variables?explain=${explain}`;
  const answer = await context.client.get<VariablesAnswer>(path);
  if (context.output !== "table") {
    printData(
      context.terminal,
      context.output,
      JSON.parse(JSON.stringify(explain ? answer.explain : answer.values)) as Json,
    );
    return;
  }
  if (!explain) {
    printData(context.terminal, "table", answer.values);
    return;
  }
  const rows = Object.entries(answer.explain ?? {}).map(([name, one]) => ({
    name,
    value: one.value,
    from: one.parts.map(partText).join(", "),
    overrode: one.overrode.map((part) => `${partText(part)}: ${JSON.stringify(part.value)}`).join(", ") || "-",
  }));
  printList(context.terminal, "table", EXPLAIN_COLUMNS, rows, "It has no variables.");
}

function partText({ source, operator }: Part): string {
  const how = operator === "set" || operator === "" ? "" : ` (${operator})`;
  return `${source.kind.replaceAll("_", " ")} ${source.name}${how}`;
}

/** `gantry structure set NAME KEY=VALUE…`: against the version that was read, so that two people do not undo each other. */
export async function set(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const [name = "", ...settings] = args;
  const path = `/v1/structures/${encodeURIComponent(name)}`;
  const structure = await context.client.get<JsonObject>(path);
  const own = { ...(structure["variables"] as JsonObject) } as Record<string, Json>;
  for (const setting of settings) {
    const split = setting.indexOf("=");
    if (split < 1) throw new GantryError(USAGE, `'${setting}' is not KEY=VALUE`);
    const key = setting.slice(0, split);
    const text = setting.slice(split + 1);
    if (text === "") delete own[key];
    else own[key] = parse(text) as Json;
  }
  await context.client.send("PATCH", path, { variables: own }, { "if-match": `"${String(structure["version"])}"` });
  context.terminal.out(`${name}: ${settings.join(" ")}\n`);
}
