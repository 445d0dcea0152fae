import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";

/**
 * Variables as YAML that Ansible's parser (YAML 1.1) reads as exactly the same values: texts are quoted unless they can be nothing
 * else, and what would be a line break or not printable to it is escaped. Pure.
 */
export function yamlText(values: JsonObject): string {
  // The parser gives up on long keys. Ansible reads JSON in any file of variables.
  return (members(values, "", 0) ?? `${jsonText(values)}\n`) || "{}\n";
}

/** Deeper than this, values stand on one line: indentation alone would grow with the square of the depth. */
const DEEPEST = 16;
const LONGEST_KEY = 120;

/** Undefined when there is a key that is too long. */
function members(values: JsonObject, indent: string, depth: number): string | undefined {
  let text = "";
  for (const key in values) {
    if (key.length > LONGEST_KEY) return undefined;
    const said = behind(values[key]!, indent, depth + 1);
    if (said === undefined) return undefined;
    text += `${indent}${keyText(key)}:${said}`;
  }
  return text;
}

/** What stands behind `key:` or `-`, with its line break. Undefined when there is a key that is too long. */
function behind(value: Json, above: string, depth: number): string | undefined {
  if (typeof value !== "object" || value === null) return ` ${scalar(value)}\n`;
  if (depth > DEEPEST || floatText(value) !== undefined) return hasLongKey(value) ? undefined : ` ${jsonText(value)}\n`;
  const indent = `${above}  `;
  if (isJsonObject(value)) {
    const inside = members(value, indent, depth);
    return inside === "" ? " {}\n" : inside && `\n${inside}`;
  }
  const items = value as readonly Json[];
  if (items.length === 0) return " []\n";
  let text = "\n";
  for (const item of items) {
    const said = behind(item, indent, depth + 1);
    if (said === undefined) return undefined;
    text += `${indent}-${said}`;
  }
  return text;
}

/** Keys that were written. The same few come again and again. */
const keyTexts = new Map<string, string>();
const MOST_KEYS = 10_000;

function keyText(key: string): string {
  const before = keyTexts.get(key);
  if (before !== undefined) return before;
  const text = scalar(key);
  if (keyTexts.size >= MOST_KEYS) keyTexts.clear();
  keyTexts.set(key, text);
  return text;
}

/** Begins with a letter, holds nothing that has a meaning, and is no word that YAML reads as something else. */
const SAFE = /^[A-Za-z_][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e[0-9._]*)$/i;

function scalar(value: Json): string {
  if (typeof value === "string") return SAFE.test(value) && !WORDS.test(value) ? value : quoted(value);
  return typeof value === "number" ? numberText(value) : JSON.stringify(value);
}

/** Line breaks and what is not printable, as the YAML parser has it, beyond what JSON escapes by itself. */
const UNPRINTABLE = /[\u007f-\u009f\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g;

function quoted(text: string): string {
  const json = JSON.stringify(text);
  if (json.search(UNPRINTABLE) < 0) return json;
  return json.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** With an exponent, YAML 1.1 wants a point and a sign. */
function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  const text = JSON.stringify(value);
  const [digits = "", exponent] = text.split("e");
  if (exponent === undefined) return text;
  return `${digits.includes(".") ? digits : `${digits}.0`}e${/^[+-]/.test(exponent) ? exponent : `+${exponent}`}`;
}

/** `{"$float": 2}` is the number 2.0. */
function floatText(value: Json): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const float = value["$float"];
  if (typeof float !== "number" || Object.keys(value).length !== 1) return undefined;
  const text = numberText(float);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** JSON on one line, in a form that is YAML as well. */
export function jsonText(value: Json): string {
  const text = JSON.stringify(value);
  // Most values have no number that JSON would write otherwise, and no character that YAML would take for another.
  return SPECIAL.test(text) ? slowJsonText(value) : text;
}

const SPECIAL = /"\$float"|[0-9]e[+-]?[0-9]|[^\x20-\x7e]/;

function slowJsonText(value: Json): string {
  if (typeof value !== "object" || value === null) return typeof value === "string" ? quoted(value) : scalar(value);
  const float = floatText(value);
  if (float !== undefined) return float;
  if (!isJsonObject(value)) return `[${(value as readonly Json[]).map(slowJsonText).join(", ")}]`;
  return `{${Object.keys(value)
    .map((key) => `${quoted(key)}: ${slowJsonText(value[key]!)}`)
    .join(", ")}}`;
}

function hasLongKey(value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!isJsonObject(value)) return (value as readonly Json[]).some(hasLongKey);
  return Object.keys(value).some((key) => key.length > LONGEST_KEY || hasLongKey(value[key]!));
}
