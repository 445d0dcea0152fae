/** Values on their way into a template, and the texts within them. */
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { TEMPLATE_TOO_LARGE } from "./errors.ts";
import type { TemplateLimits } from "./model.ts";
import { hasTag } from "./tokens.ts";

/** Throws `template_too_large` for values that are nested too deeply or hold too much. Whether any text has a tag. */
export function checkValues(values: JsonObject, limits: TemplateLimits): { readonly tagged: boolean } {
  let size = 0;
  let tagged = false;
  function visit(value: Json, depth: number): void {
    if (depth > limits.valuesDepth) throw tooLarge(`are nested deeper than ${limits.valuesDepth} levels`);
    size += 1;
    if (typeof value === "string") {
      size += value.length;
      tagged ||= hasTag(value);
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
    } else if (isJsonObject(value)) {
      for (const name of Object.keys(value)) {
        size += name.length;
        visit(value[name] ?? null, depth + 1);
      }
    }
    if (size > limits.valuesSize) throw tooLarge(`are larger than ${limits.valuesSize} characters`);
  }
  visit(values, 0);
  return { tagged };
}

function tooLarge(what: string): GantryError {
  return new GantryError(TEMPLATE_TOO_LARGE, `the values ${what}`);
}

/** What a value is to the engine: `{"$float": 2.0}` is its number, and whole numbers beyond 2^53 stay whole. */
export function engineValue(value: Json): unknown {
  if (typeof value === "number") {
    return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map(engineValue);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === "$float" && typeof first[1] === "number") return first[1];
  return Object.fromEntries(entries.map(([name, member]) => [name, engineValue(member)]));
}

/** A copy with every text replaced; what has none is shared. `path` is as a template would write it: `disks[0].name`. */
export function mapTexts(value: JsonObject, replace: (text: string, path: string) => string): JsonObject {
  function visit(one: Json, path: string): Json {
    if (typeof one === "string") return replace(one, path);
    if (Array.isArray(one)) {
      const items = one.map((item, index) => visit(item, `${path}[${index}]`));
      return items.some((item, index) => item !== one[index]) ? items : one;
    }
    return isJsonObject(one) ? members(one, `${path}.`) : one;
  }
  function members(map: JsonObject, prefix: string): JsonObject {
    const entries = Object.entries(map).map(([name, member]) => [name, visit(member, prefix + name)] as const);
    return entries.some(([name, member]) => member !== map[name]) ? Object.fromEntries(entries) : map;
  }
  return members(value, "");
}
