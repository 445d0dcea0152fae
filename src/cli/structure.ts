import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { kindNamed, methodOf } from "./kinds.ts";
import { printData, printList, type Column } from "./output.ts";
import { patchOperations, settingOf } from "./settings.ts";
import { printable } from "./terminal.ts";

interface Explained {
  readonly name: string;
  readonly value: Json;
  readonly from: string;
  readonly overrode: string;
}

/** Characters of a value in a table. */
const MOST_SHOWN = 80;

const EXPLAIN_COLUMNS: readonly Column<Explained>[] = [
  { heading: "VARIABLE", value: (row) => printable(row.name) },
  { heading: "VALUE", value: (row) => shortened(printable(JSON.stringify(row.value))) },
  { heading: "FROM", value: (row) => printable(row.from) },
  { heading: "OVERRODE", value: (row) => printable(row.overrode) },
];

/** A certificate would push the rest of its row off the screen; `--output json` has all of it. */
function shortened(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN - 1)}…`;
}

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
  const answer = (await context.client.structures.variables(args[0] ?? "", {
    explain,
    at: options["at"] as string | undefined,
  })) as unknown as VariablesAnswer;
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
    overrode:
      one.overrode.map((part) => `${partText(part)}: ${shortened(JSON.stringify(part.value))}`).join(", ") || "-",
  }));
  printList(context.terminal, "table", EXPLAIN_COLUMNS, rows, "It has no variables.");
}

function partText({ source, operator }: Part): string {
  const how = operator === "set" || operator === "" ? "" : ` (${operator})`;
  return `${source.kind.replaceAll("_", " ")} ${source.name}${how}`;
}

/** `gantry structure set NAME KEY=VALUE…`: variables by their names, dots and all, against the version that was read. */
export async function set(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const [name = "", ...texts] = args;
  const { structures } = context.client;
  const structure = (await structures.get(name)) as unknown as JsonObject;
  const settings = texts.map((text) => {
    const { path, value } = settingOf(text.replace(/^[^=]*/, (key) => key.replaceAll(/[.\\]/g, "\\$&")));
    return { path: ["variables", ...path], value };
  });
  const operations = patchOperations(structure, settings, []);
  if (operations.length > 0)
    await methodOf(context.client, kindNamed("structure"), "patch")(name, operations, {
      ifMatch: Number(structure["version"]),
    });
  context.terminal.out(`${name}: ${texts.join(" ")}\n`);
}
