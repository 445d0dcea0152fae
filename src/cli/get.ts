import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { kindNamed, methodOf, resourceOf, type Kind } from "./kinds.ts";
import { printCsv, printNames, valueAt, valueText } from "./list-output.ts";
import { printData, printList, type Column } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry get KIND`: the list, up to `--limit`, narrowed by the options. */
export async function get(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const kind = kindNamed(args[0] ?? "");
  refuseFilters(context, kind, options);
  if (kind.singular === "tenant" && options["at"] !== undefined)
    throw new GantryError(USAGE, "a list of tenants takes no --at", {
      hint: "One of them can be shown as it was: gantry show tenant NAME --at TIME.",
    });
  const fields = fieldsOf(options["fields"]);
  const format = String(options["output"] ?? "table");
  const limit = wholeNumber("--limit", options["limit"] ?? 1000);
  const found = await resourceOf(context.client, kind)
    .list({
      // One more than is shown, to know whether there are more.
      limit: limit + 1,
      site: options["site"],
      group: options["group"],
      blueprint: options["blueprint"],
      parent: options["parent"],
      kind: options["kind"],
      role: options["role"],
      complex: options["complex"],
      foundation: options["foundation"],
      state: options["state"],
      label: options["label"],
      vars: ((options["vars"] as readonly string[] | undefined) ?? []).map(searchText),
      sort: options["sort"],
      at: options["at"],
      fields: fields && [...new Set(fields.map(memberOf))].join(","),
    })
    .all();
  const rows = found.slice(0, limit);
  if (format === "csv") printCsv(context.terminal, rows, fields);
  else if (format === "name") printNames(context.terminal, rows);
  else {
    const columns = fields?.map(fieldColumn) ?? kind.columns;
    printList(context.terminal, context.output, columns, rows, `There are no ${kind.plural}${narrowed(options)}.`);
  }
  if (found.length > limit)
    context.terminal.error(`These are the first ${limit}; there are more: --limit shows them.\n`);
}

/** `gantry show KIND NAME`: one thing by name or id. */
export async function show(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const kind = kindNamed(args[0] ?? "");
  refuseFilters(context, kind, options);
  const at = options["at"];
  const one: Json = await methodOf(context.client, kind, "get")(args[1] ?? "", at === undefined ? {} : { at });
  printData(context.terminal, context.output === "table" ? "yaml" : context.output, one);
}

const FILTERS = [
  "site",
  "group",
  "blueprint",
  "parent",
  "kind",
  "role",
  "complex",
  "foundation",
  "state",
  "label",
  "vars",
] as const;

/** Only what is in the inventory can be narrowed: elsewhere a filter would be taken and do nothing. */
function refuseFilters(context: CommandContext, kind: Kind, options: Record<string, unknown>): void {
  if (resourceOf(context.client, kind).patch !== undefined) return;
  const given = [...FILTERS, "sort", "fields", "at"].find((one) => options[one] !== undefined);
  if (given === undefined) return;
  throw new GantryError(USAGE, `a list of ${kind.plural} takes no --${given}`, {
    hint: "Things of the inventory do: structures, sites, groups and their like.",
  });
}

/** `path=json` as the server takes it, `path:json`. What is no JSON is text. */
function searchText(given: string): string {
  const split = given.indexOf("=");
  if (split < 1)
    throw new GantryError(USAGE, `--vars ${given} is not PATH=VALUE`, {
      hint: "A path is names joined by dots, a value is JSON or text: --vars nginx.port=8080.",
    });
  const value = given.slice(split + 1);
  return `${given.slice(0, split)}:${isJson(value) ? value : JSON.stringify(value)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function fieldsOf(given: unknown): readonly string[] | undefined {
  if (typeof given !== "string") return undefined;
  const fields = given.split(",").map((one) => one.trim());
  if (fields.some((one) => one === ""))
    throw new GantryError(USAGE, `--fields ${given} is not a list like name,site,labels`);
  return fields;
}

/** The server chooses members, the columns are within them. */
function memberOf(field: string): string {
  return field.split(".")[0] ?? field;
}

function fieldColumn(field: string): Column<JsonObject> {
  return { heading: field.toUpperCase(), value: (row) => printable(valueText(valueAt(row, field))) || "-" };
}

function narrowed(options: Record<string, unknown>): string {
  return FILTERS.some((one) => options[one] !== undefined) ? " like that" : "";
}

function wholeNumber(option: string, given: unknown): number {
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new GantryError(USAGE, `${option} ${String(given)} is not a whole number from 1`);
}
