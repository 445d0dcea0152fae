import type { Json } from "../kernel/json.ts";
import { paint, printable, widthOf, type Terminal } from "./terminal.ts";

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
/** For lists: also for spreadsheets, and names alone for scripts. */
export const LIST_FORMATS = [...OUTPUT_FORMATS, "csv", "name"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** One column of a table: its heading and how a row fills it. */
export interface Column<Row> {
  readonly heading: string;
  value(row: Row): string;
}

/** Lines of a table: headings, then a line a row, columns two spaces apart. */
export function table<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => withinLine(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.heading.length, ...cells.map((line) => widthOf(line[index]!))),
  );
  function line(texts: readonly string[]): string {
    const last = texts.length - 1;
    return texts
      .map((text, index) => (index === last ? text : text + " ".repeat(widths[index]! - widthOf(text))))
      .join("  ")
      .trimEnd();
  }
  const heading = line(columns.map((column) => column.heading));
  return [paint(terminal, "bold", heading), ...cells.map(line)].map((text) => `${text}\n`).join("");
}

/** A line break in what somebody wrote would make a row that is none. */
function withinLine(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Prints a list as a table, or whole as JSON or YAML. */
export function printList<Row>(
  terminal: Terminal,
  format: OutputFormat,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
): void {
  if (format !== "table") {
    printData(terminal, format, rows as unknown as Json);
  } else if (rows.length === 0) {
    terminal.error(`${none}\n`);
  } else {
    terminal.out(table(terminal, columns, rows));
  }
}

/** Prints one thing: as JSON, as YAML, or as `name: value` lines. */
export function printData(terminal: Terminal, format: OutputFormat, value: Json): void {
  if (format === "json") terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  else terminal.out(printable(yaml(value)));
}

/** The library is loaded only when it is needed: every command would wait for it. */
function yaml(value: Json): string {
  const { createRequire } = process.getBuiltinModule("node:module");
  const { stringify } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  return stringify(value, { lineWidth: 0 });
}

/** `3s`, `1m 04s`, `2h 05m`: a duration for people. `milliseconds` may be null for what has not begun. */
export function durationText(milliseconds: number | null): string {
  if (milliseconds === null) return "-";
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

/** A point in time, in the reader's zone: `2026-03-01 12:00:05`. */
export function timeText(epoch: number | null): string {
  if (epoch === null) return "-";
  const date = new Date(epoch);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
