import { parse, TomlError } from "smol-toml";
import type { Origin } from "../blueprints/index.ts";
import { problem, type Place, type Problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { Path, SourceDocument, TextFile } from "./documents.ts";
import { TOML_SYNTAX } from "./errors.ts";

/** TOML as plain data that remembers where its keys and values are written. Pure. */

/** So deep nothing is meant to be. */
const DEEPEST = 60;
/** On one line. The time the parser takes for a key of many parts grows with their square. */
const MOST_DOTS = 1000;

/** Reads a file. Undefined, with a problem, when it is no TOML or holds what JSON cannot. */
export function readToml(file: TextFile, problems: Problem[]): SourceDocument | undefined {
  const text = file.text.replaceAll("\r\n", "\n");
  const before = problems.length;
  const dotted = text.split("\n").findIndex(hasManyDots);
  if (dotted >= 0) {
    const where = { file: file.path, line: dotted + 1, column: 1 };
    problems.push(problem(TOML_SYNTAX, `the line has more than ${MOST_DOTS} dots`, where));
    return undefined;
  }
  let read: unknown;
  try {
    read = parse(text, { maxDepth: DEEPEST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const said = error.message.split("\n")[0] ?? "";
    const message = said.replace(/^Invalid TOML document: /, "");
    const where = { file: file.path, line: error.line, column: error.column };
    problems.push(problem(TOML_SYNTAX, message, where));
    return undefined;
  }
  if (isDeeper(read, DEEPEST)) {
    problems.push(problem(TOML_SYNTAX, `keys are nested more than ${DEEPEST} levels deep`, { file: file.path }));
    return undefined;
  }
  const spots = findSpots(text);
  const place = placer(file.path, text);
  function spotAt(path: Path): Spot {
    for (let length = path.length; length > 0; length -= 1) {
      const spot = spots.get(keyOf(path.slice(0, length)));
      if (spot !== undefined) return spot;
    }
    return { key: 0, value: 0, end: 0 };
  }
  const value = plain(read, [], (path, message) =>
    problems.push(problem(TOML_SYNTAX, message, place(spotAt(path).value))),
  );
  if (problems.length > before) return undefined;
  return {
    file: file.path,
    value,
    placeOf: (path) => place(spotAt(path).value),
    placeOfKey: (path) => place(spotAt(path).key),
    originOf(path) {
      const spot = spots.get(keyOf(path)) ?? spotAt(path);
      return originOf(text, spot, place(spot.value), valueAt(value, path));
    },
  };
}

/** Offsets: where a key begins, and its value, and where that ends. */
interface Spot {
  readonly key: number;
  readonly value: number;
  readonly end: number;
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}

function placer(file: string, text: string): (offset: number) => Required<Place> {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    // Halved, as every script and key is asked for.
    let [line, end] = [0, starts.length];
    while (line < end) {
      const middle = (line + end) >> 1;
      if ((starts[middle] ?? 0) > offset) end = middle;
      else line = middle + 1;
    }
    return { file, line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

function hasManyDots(line: string): boolean {
  let dots = 0;
  for (let at = line.indexOf("."); at !== -1 && dots <= MOST_DOTS; at = line.indexOf(".", at + 1)) dots += 1;
  return dots > MOST_DOTS;
}

/** Whether anything lies deeper; the parser counts brackets, and not keys with dots. Without recursion, which such keys would end. */
function isDeeper(value: unknown, most: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}

/** Plain JSON; dates and numbers that JSON has not are refused. */
function plain(value: unknown, path: Path, wrong: (path: Path, message: string) => void): Json {
  if (Array.isArray(value)) return value.map((one, index) => plain(one, [...path, index], wrong));
  if (value instanceof Date) {
    wrong(path, "a date has no meaning here; write it in quotes");
    return null;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.some(([key]) => key === "__proto__")) wrong(path, "the key __proto__ is not allowed");
    return Object.fromEntries(
      entries.filter(([key]) => key !== "__proto__").map(([key, one]) => [key, plain(one, [...path, key], wrong)]),
    );
  }
  if (typeof value === "number" && !Number.isFinite(value)) wrong(path, `the number ${value} has no meaning here`);
  return value as Json;
}

function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path)
    at = typeof at === "object" && at !== null ? (at as { readonly [key: string]: Json })[step] : undefined;
  return at;
}

/** Of a text that stands as it is, every line is known; of one with escapes, where it begins. */
function originOf(text: string, spot: Spot, start: Required<Place>, value: Json | undefined): Origin {
  const raw = text.slice(spot.value, spot.end);
  const quote = /^("""|'''|"|')/.exec(raw)?.[1] ?? "";
  const newline = quote.length === 3 && raw.startsWith("\n", 3);
  const body = raw.slice(quote.length + (newline ? 1 : 0), raw.length - quote.length);
  const exact = typeof value === "string" && quote !== "" && body === value;
  const several = body.includes("\n") || newline;
  return {
    file: start.file,
    line: start.line + (newline ? 1 : 0),
    // Of a text of several lines that begins behind its quotes, every line but the first begins at the margin.
    column: several ? 1 : start.column + quote.length,
    exact,
  };
}

/** Where keys are written, in a text that was read already: so it is known to be right. */
function findSpots(text: string): ReadonlyMap<string, Spot> {
  const spots = new Map<string, Spot>();
  const tables = new Map<string, number>();
  let table: Path = [];
  let at = 0;

  function blanks(lines: boolean): void {
    for (;;) {
      const character = text[at];
      if (character === " " || character === "\t" || (lines && character === "\n")) at += 1;
      else if (lines && character === "#") at = endOfLine();
      else return;
    }
  }
  function endOfLine(): number {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  function keys(): string[] {
    const found: string[] = [];
    for (;;) {
      blanks(false);
      const start = at;
      const sign = text[at];
      if (sign === '"' || sign === "'") {
        skipString();
        const raw = text.slice(start, at);
        found.push(sign === '"' ? unescaped(raw) : raw.slice(1, -1));
      } else {
        while (/[A-Za-z0-9_-]/.test(text[at] ?? "")) at += 1;
        found.push(text.slice(start, at));
      }
      blanks(false);
      if (text[at] !== ".") return found;
      at += 1;
    }
  }
  function skipString(): void {
    const sign = text[at] ?? "";
    const long = text.startsWith(sign.repeat(3), at);
    const close = long ? sign.repeat(3) : sign;
    at += close.length;
    while (at < text.length && !text.startsWith(close, at)) at += sign === '"' && text[at] === "\\" ? 2 : 1;
    at += close.length;
    // Up to two quotes may stand before the three that close.
    while (long && text[at] === sign) at += 1;
  }
  function skipValue(): void {
    for (let depth = 0; at < text.length;) {
      const character = text[at];
      if (character === '"' || character === "'") skipString();
      else if (character === "[" || character === "{") {
        depth += 1;
        at += 1;
      } else if (character === "]" || character === "}") {
        depth -= 1;
        at += 1;
      } else if (character === "#" || character === "\n") {
        if (depth === 0) return;
        if (character === "#") at = endOfLine();
        else at += 1;
      } else at += 1;
    }
  }
  function note(path: Path, spot: Spot): void {
    if (!spots.has(keyOf(path))) spots.set(keyOf(path), spot);
  }

  for (blanks(true); at < text.length; blanks(true)) {
    const start = at;
    if (text[at] === "[") {
      const list = text[at + 1] === "[";
      at += list ? 2 : 1;
      const path: (string | number)[] = keys();
      at = endOfLine();
      if (list) {
        const index = tables.get(keyOf(path)) ?? 0;
        tables.set(keyOf(path), index + 1);
        path.push(index);
      }
      table = path;
      for (let length = 1; length <= path.length; length += 1)
        note(path.slice(0, length), { key: start, value: start, end: at });
      continue;
    }
    const path = [...table, ...keys()];
    at += 1;
    blanks(false);
    const value = at;
    skipValue();
    const end = value + text.slice(value, at).trimEnd().length;
    for (let length = table.length + 1; length < path.length; length += 1)
      note(path.slice(0, length), { key: start, value, end });
    note(path, { key: start, value, end });
  }
  return spots;
}

/** The text of a key in double quotes. Escapes that JSON does not know are rare in keys: such a key is only not found. */
function unescaped(raw: string): string {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return raw.slice(1, -1);
  }
}
