/** What an operator makes of a value. */
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { canonicalJson, isJsonObject } from "../kernel/json.ts";
import { VARIABLE_TYPE_CONFLICT } from "./errors.ts";
import type { Operator } from "./names.ts";
import { secretNameOf } from "./secret-references.ts";

/**
 * Applies an operator to the value held so far. `undefined`, as input and as result, is a variable that is not there. Nothing
 * is changed; the result may share parts with both. Maps are merged one level deep. Throws `variable_type_conflict`.
 */
export function combine(held: Json | undefined, operator: Operator, value: Json): Json | undefined {
  switch (operator) {
    case "set":
      return value;
    case "delete":
      return undefined;
    case "remove":
      return held === undefined || held === null ? held : remove(held, value);
    default:
      return held === undefined || held === null ? value : join(held, operator, value);
  }
}

function join(held: Json, operator: "prepend" | "append", value: Json): Json {
  const append = operator === "append";
  if (Array.isArray(held)) {
    const items = Array.isArray(value) ? value : [value];
    return append ? [...held, ...items] : [...items, ...held];
  }
  if (isMap(held)) {
    // What stands behind wins: put before a map, members are defaults.
    if (isMap(value)) return append ? { ...held, ...value } : { ...value, ...held };
  } else if (typeof held === "string") {
    const text = scalarText(value);
    if (text !== undefined) return append ? held + text : text + held;
  }
  throw conflict(`${kindOf(value)} cannot be put ${append ? "behind" : "before"} ${kindOf(held)}`);
}

function remove(held: Json, value: Json): Json {
  if (Array.isArray(held)) return removeItems(held, Array.isArray(value) ? value : [value]);
  if (isMap(held)) return removeMembers(held, value);
  const text = typeof held === "string" ? scalarText(value) : undefined;
  if (typeof held === "string" && text !== undefined) {
    const at = held.indexOf(text);
    return at < 0 ? held : held.slice(0, at) + held.slice(at + text.length);
  }
  throw conflict(`${kindOf(value)} cannot be taken out of ${kindOf(held)}`);
}

/** Each item takes out its first equal. */
function removeItems(held: readonly Json[], items: readonly Json[]): Json[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = canonicalJson(item);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return held.filter((item) => {
    const key = canonicalJson(item);
    const left = counts.get(key) ?? 0;
    if (left > 0) counts.set(key, left - 1);
    return left === 0;
  });
}

function removeMembers(held: JsonObject, value: Json): Json {
  const names = isMap(value) ? Object.keys(value) : Array.isArray(value) ? value : [value];
  const gone = new Set<string>();
  for (const name of names) {
    const text = scalarText(name);
    if (text === undefined) throw conflict(`${kindOf(name)} cannot be taken out of a map: it is no name`);
    gone.add(text);
  }
  return Object.fromEntries(Object.entries(held).filter(([name]) => !gone.has(name)));
}

/** A floating-point number that JSON would turn into an integer is written `{"$float": 2.0}`. */
function isFloat(value: Json): value is { readonly $float: number } {
  return isJsonObject(value) && typeof value["$float"] === "number" && Object.keys(value).length === 1;
}

function isMap(value: Json): value is JsonObject {
  return isJsonObject(value) && !isFloat(value) && secretNameOf(value) === undefined;
}

/** Texts, numbers and truth values as documents write them; undefined for the rest. */
function scalarText(value: Json): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (!isFloat(value)) return undefined;
  return Number.isInteger(value.$float) ? `${value.$float}.0` : String(value.$float);
}

function kindOf(value: Json): string {
  if (value === null) return "nothing (null)";
  if (Array.isArray(value)) return "a list";
  if (secretNameOf(value) !== undefined) return "a secret";
  if (isMap(value)) return "a map";
  if (typeof value === "string") return "a text";
  return typeof value === "boolean" ? "a truth value" : "a number";
}

function conflict(message: string): GantryError {
  return new GantryError(VARIABLE_TYPE_CONFLICT, message);
}
