import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { printable, type Terminal } from "./terminal.ts";

/** Lists for other programs: CSV, and names alone. */

/** RFC 4180, with a line of headings. `fields` left out: every member that a row has, in order; what is no text is JSON. */
export function printCsv(terminal: Terminal, rows: readonly JsonObject[], fields?: readonly string[]): void {
  const columns = fields ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return;
  const lines = [columns, ...rows.map((row) => columns.map((column) => valueText(valueAt(row, column))))];
  terminal.out(lines.map((line) => `${line.map(cell).join(",")}\r\n`).join(""));
}

/** One name a line; an id where there is no name. */
export function printNames(terminal: Terminal, rows: readonly JsonObject[]): void {
  for (const row of rows) terminal.out(`${printable(valueText(row["name"] ?? row["id"]))}\n`);
}

/** The member of that name, else the one its dots lead to: `labels.rack`. */
export function valueAt(row: JsonObject, field: string): Json | undefined {
  if (field in row) return row[field];
  let value: Json | undefined = row;
  for (const name of field.split(".")) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

/** Text as it is, nothing as nothing, all else as JSON. */
export function valueText(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
