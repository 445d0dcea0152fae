import type { Place } from "../kernel/errors.ts";
import { IMPORT_SYNTAX } from "./errors.ts";
import { refused } from "./import-text.ts";

/** Comma-separated values as RFC 4180 writes them; spreadsheets also write semicolons and tabs. Pure. */

export interface CsvCell {
  readonly text: string;
  readonly line: number;
  /** In characters, from 1. */
  readonly column: number;
}

/** Rows of cells; lines that hold nothing are left out. @throws GantryError `import_invalid` with `import_syntax` at its place */
export function parseCsv(text: string, file: string): readonly (readonly CsvCell[])[] {
  const separator = separatorOf(text);
  const rows: CsvCell[][] = [];
  let row: CsvCell[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  while (at < text.length) {
    const place: Place & { line: number; column: number } = { file, line, column: at - lineStart + 1 };
    let cell: string;
    if (text[at] === '"') {
      const end = closingQuote(text, at);
      if (end < 0) throw refused(IMPORT_SYNTAX, "a quote is opened and never closed", place);
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      for (let next = text.indexOf("\n", at); next >= 0 && next < end; next = text.indexOf("\n", next + 1)) {
        line += 1;
        lineStart = next + 1;
      }
      at = end + 1;
      if (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r")
        throw refused(IMPORT_SYNTAX, "something stands behind the closing quote; a quote inside is written twice", {
          file,
          line,
          column: at - lineStart + 1,
        });
    } else {
      const start = at;
      while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") {
        if (text[at] === '"')
          throw refused(IMPORT_SYNTAX, "a quote inside a cell that is not quoted", {
            file,
            line,
            column: at - lineStart + 1,
          });
        at += 1;
      }
      cell = text.slice(start, at);
    }
    row.push({ text: cell, line: place.line, column: place.column });
    if (text[at] === separator) {
      at += 1;
      // What ends with a separator has one more cell, with nothing in it.
      if (at < text.length && text[at] !== "\n" && text[at] !== "\r") continue;
      row.push({ text: "", line, column: at - lineStart + 1 });
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += 1;
    lineStart = at;
    if (row.length > 1 || row[0]?.text.trim() !== "") rows.push(row);
    row = [];
  }
  return rows;
}

/** The separator that the first line has most of. */
function separatorOf(text: string): string {
  const [first = ""] = text.split(/\r?\n/, 1);
  const counts = [",", ";", "\t"].map((sign) => [sign, first.split(sign).length] as const);
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function closingQuote(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
