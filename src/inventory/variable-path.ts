import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { VARIABLE_PATH_INVALID } from "./errors.ts";

/** A path into resolved variables, and a question for the value there. Pure. */

/** A member of a map, or a place in a list. */
export type PathPart = string | number;

/** `packages[0].name`: the variable, then where in it. */
export type VariablePath = readonly [string, ...PathPart[]];

/** Structures of which the resolved variables have this value at this path. */
export interface VariableQuery {
  readonly path: VariablePath;
  readonly value: Json;
}

/** Parts of a path, and levels of a value that are looked at. */
export const MOST_PARTS = 32;
const MOST_CHARACTERS = 1024;
/** Characters of a value that is asked for. */
const MOST_VALUE = 8192;

const VARIABLE = /^[a-zA-Z0-9_][a-zA-Z0-9_-]*/;
const MEMBER = /^\.([^\s.[\]:"*?@$()]+)/;
const PLACE = /^\[(\d{1,9})\]/;
const QUOTED = /^\[("(?:[^"\\]|\\.)*")\]/;

/**
 * Reads `PATH:VALUE`: `os.family:"debian"`, `ntp[0]:"10.0.0.1"`, `limits["max files"]:1024`. The value is JSON; a word that is none is a
 * text, so `os.family:debian` is the same as the first.
 *
 * Errors: `variable_path_invalid`.
 */
export function parseVariableQuery(text: string): VariableQuery {
  const { path, rest } = readPath(text);
  if (!rest.startsWith(":")) {
    const found = rest === "" ? "ends" : `goes on with '${rest.slice(0, 20)}'`;
    throw wrong(text, `${found} where : and a value should stand${wildcardAdvice(rest)}`);
  }
  return { path, value: readValue(text, rest.slice(1)) };
}

/** A path that stands alone. Errors: `variable_path_invalid`. */
export function parseVariablePath(text: string): VariablePath {
  const { path, rest } = readPath(text);
  if (rest !== "") throw wrong(text, `goes on with '${rest.slice(0, 20)}'${wildcardAdvice(rest)}`);
  return path;
}

function readPath(text: string): { readonly path: VariablePath; readonly rest: string } {
  const variable = VARIABLE.exec(text)?.[0];
  if (variable === undefined) throw wrong(text, `does not begin with the name of a variable${wildcardAdvice(text)}`);
  const parts: PathPart[] = [];
  let at = variable.length;
  for (;;) {
    if (at > MOST_CHARACTERS) throw wrong(text, `is longer than ${MOST_CHARACTERS} characters`);
    if (parts.length >= MOST_PARTS) throw wrong(text, `has more than ${MOST_PARTS} parts`);
    const rest = text.slice(at, at + MOST_CHARACTERS + 1);
    const [whole = "", part] = PLACE.exec(rest) ?? QUOTED.exec(rest) ?? MEMBER.exec(rest) ?? [];
    if (part === undefined) return { path: [variable, ...parts], rest: text.slice(at) };
    if (whole.startsWith(".")) parts.push(part);
    else if (part.startsWith('"')) parts.push(quoted(text, part));
    else parts.push(Number(part));
    at += whole.length;
  }
}

function quoted(text: string, part: string): string {
  try {
    return JSON.parse(part) as string;
  } catch {
    throw wrong(text, `${part.slice(0, 40)} is not a text in quotes`);
  }
}

function readValue(text: string, value: string): Json {
  if (value.length > MOST_VALUE) throw wrong(text, `asks for a value of more than ${MOST_VALUE} characters`);
  try {
    const found = JSON.parse(value) as Json;
    if (isTooDeep(found)) throw wrong(text, `asks for a value of more than ${MOST_PARTS} levels`);
    return found;
  } catch (error) {
    if (error instanceof GantryError) throw error;
    // What looks like JSON and is none is a mistake, not a text.
    if (value === "" || /^[\s"[{\]},]/.test(value)) throw wrong(text, "asks for a value that is not JSON");
    return value;
  }
}

function isTooDeep(value: Json): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_PARTS) return true;
    level = level.flatMap((one) => (Array.isArray(one) ? one : isJsonObject(one) ? Object.values(one) : []));
  }
  return false;
}

function wildcardAdvice(rest: string): string {
  return /^[.[]*[*?@$.:-]|^\[[^\]]*[*?:,-]/.test(rest)
    ? "; a path names one place: there are no wildcards, slices, filters or places counted from the end"
    : "";
}

function wrong(text: string, what: string): GantryError {
  return new GantryError(VARIABLE_PATH_INVALID, `the path '${text.slice(0, 80)}' ${what}`);
}

/** What stands at the place; undefined when nothing does. */
export function valueAtPath(value: Json | undefined, parts: readonly PathPart[]): Json | undefined {
  let found = value;
  for (const part of parts) {
    if (typeof part === "number") found = Array.isArray(found) ? (found[part] as Json | undefined) : undefined;
    else found = isJsonObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
    if (found === undefined) return undefined;
  }
  return found;
}
