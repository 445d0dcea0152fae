import { GantryError, problem, type Place } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { IMPORT_NOT_TEXT, IMPORT_SHAPE, IMPORT_SYNTAX, IMPORT_TOO_DEEP, IMPORT_INVALID } from "./errors.ts";

/** Texts of an import, and the JSON in them. */

/** Maps within maps: deeper than this nobody writes, and what walks the values later walks them by calling itself. */
export const DEEPEST = 66;

/** The text of bytes, without a mark at its beginning. @throws GantryError `import_not_text` */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new GantryError(IMPORT_NOT_TEXT, `'${file}' is not UTF-8 text`, { where: { file, ...firstBadByte(bytes) } });
  }
}

/** The line and column (in bytes) at which bytes stop being UTF-8. */
function firstBadByte(bytes: Uint8Array): { line: number; column: number } {
  let good = 0;
  let bad = bytes.length;
  // The longest beginning that decodes; a character cut at its end is no error yet (`stream`).
  while (good < bad) {
    const middle = Math.ceil((good + bad) / 2);
    if (decodes(bytes.subarray(0, middle))) good = middle;
    else bad = middle - 1;
  }
  // A character that begins there and goes on wrongly is wrong from its first byte.
  while (good > 0 && !decodes(bytes.subarray(0, good), false)) good -= 1;
  let line = 1;
  let start = 0;
  for (let at = 0; at < good; at += 1) {
    if (bytes[at] !== 10) continue;
    line += 1;
    start = at + 1;
  }
  return { line, column: good - start + 1 };
}

function decodes(bytes: Uint8Array, stream = true): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

/** Line and column of an offset, both from 1. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** One error of a file, in the form in which an import tells all of them. */
export function refused(kind: Parameters<typeof problem>[0], message: string, where: Place): GantryError {
  return new GantryError(IMPORT_INVALID, `${where.file} cannot be imported`, {
    problems: [problem(kind, message, where)],
  });
}

/** @throws GantryError with `import_syntax` or `import_too_deep` at its place */
export function parseJson(text: string, file: string): Json {
  const deep = tooDeepAt(text);
  if (deep !== undefined)
    throw refused(IMPORT_TOO_DEEP, `nested more than ${DEEPEST} levels deep`, { file, ...positionAt(text, deep) });
  try {
    return LONG_NUMBER.test(text) ? exactly(text, file) : (JSON.parse(text) as Json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [, before = error.message, at] = /^(.*?) at position (\d+)/.exec(error.message) ?? [];
    // A text that ends too early has its error at its end.
    const offset = at === undefined ? text.length : Number(at);
    const early = offset >= text.trimEnd().length || before.startsWith("Unterminated");
    const what = early ? "the JSON ends too early" : `not JSON: ${before}`;
    throw refused(IMPORT_SYNTAX, what, { file, ...positionAt(text, offset) });
  }
}

/** A number of so many digits may be more than can be kept exactly; it may also stand inside of a text. */
const LONG_NUMBER = /[[:,\s]-?\d{16}/;

/** Slower: looks at every number. */
function exactly(text: string, file: string): Json {
  const look = (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const { source } = context ?? {};
    if (
      typeof value === "number" &&
      source !== undefined &&
      /^-?\d+$/.test(source) &&
      String(value) !== source &&
      source !== "-0"
    )
      throw refused(
        IMPORT_SHAPE,
        `the number ${source.slice(0, 60)} of '${key.slice(0, 60)}' cannot be kept exactly: write it in quotes`,
        { file, ...positionAt(text, text.indexOf(source)) },
      );
    return value;
  };
  return JSON.parse(text, look) as Json;
}

/** The offset at which brackets stand within too many brackets. */
function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = endOfString(text, at);
    } else if (code === 123 || code === 91) {
      depth += 1;
      if (depth > DEEPEST) return at;
    } else if (code === 125 || code === 93) depth -= 1;
  }
  return undefined;
}

/** The offset of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

/** Where a path of keys and indexes stands in a JSON text that parses. What is not there has the place of the last part that is. */
export function placeInJson(text: string, file: string, path: readonly (string | number)[]): Place {
  let at = skipSpace(text, 0);
  for (const part of path) {
    const found = typeof part === "number" ? itemAt(text, at, part) : memberAt(text, at, part);
    if (found === undefined) break;
    at = found;
  }
  return { file, ...positionAt(text, at) };
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (next < text.length && " \t\r\n".includes(text[next]!)) next += 1;
  return next;
}

/** The end of the value that begins at `at`. */
function skipValue(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at) + 1;
  if (text[at] !== "{" && text[at] !== "[") {
    let end = at;
    while (end < text.length && !",]} \t\r\n".includes(text[end]!)) end += 1;
    return end;
  }
  let depth = 0;
  for (let next = at; next < text.length; next += 1) {
    const sign = text[next];
    if (sign === '"') next = endOfString(text, next);
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") {
      depth -= 1;
      if (depth === 0) return next + 1;
    }
  }
  return text.length;
}

function memberAt(text: string, object: number, name: string): number | undefined {
  if (text[object] !== "{") return undefined;
  let found: number | undefined;
  for (let at = skipSpace(text, object + 1); text[at] === '"';) {
    const end = endOfString(text, at) + 1;
    const value = skipSpace(text, skipSpace(text, end) + 1);
    // Of two equal keys the last one counts.
    if (JSON.parse(text.slice(at, end)) === name) found = value;
    at = skipSpace(text, skipValue(text, value));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

function itemAt(text: string, list: number, index: number): number | undefined {
  if (text[list] !== "[") return undefined;
  let at = skipSpace(text, list + 1);
  for (let count = 0; at < text.length && text[at] !== "]"; count += 1) {
    if (count === index) return at;
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return undefined;
}

/** Whether a value is nested within bounds: for values that come from elsewhere than JSON text. */
export function isShallow(value: Json, left = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (left === 0) return false;
  const inside = isJsonObject(value) ? Object.values(value) : value;
  return inside.every((one) => isShallow(one, left - 1));
}
