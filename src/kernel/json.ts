/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON text with sorted keys: equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** A value as it is told to a person: a text as it is, anything else as JSON. Never throws, whatever somebody put where a text belongs. */
export function jsonText(value: Json | undefined): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Whether JSON text nests deeper than a limit: what walks through a value calls itself for each level. */
export function depthOver(text: string, limit: number): boolean {
  return excessOf(text, { depth: limit, values: Number.POSITIVE_INFINITY }) !== undefined;
}

/**
 * What JSON text has too much of: levels, or values, each of which takes many times the memory of its few characters. Looks at brackets and
 * commas outside strings only; whether the text is JSON at all is for JSON.parse to say.
 */
export function excessOf(
  text: string,
  limits: { readonly depth: number; readonly values: number },
): "depth" | "values" | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return undefined;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      values += 1;
      if (depth > limits.depth) return "depth";
      if (values > limits.values) return "values";
    } else if (code === COMMA) {
      values += 1;
      if (values > limits.values) return "values";
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return undefined;
}

/** The index of the quote that ends the string begun at `start`, or -1. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}
