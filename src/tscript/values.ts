import type { Json } from "../kernel/json.ts";
import { badParameter, fatal } from "./fault.ts";

/**
 * Values of a script in the form they have in its state. JSON stands for itself, a number is always an integer, and what JSON lacks is
 * an object with one member: `{"$float": 2.0}`, `{"$seconds": 90}`, `{"$datetime": "…"}`. Keys of maps that begin with `$` get a second
 * one, so that no map looks like one of these.
 */
export type Value = Json;

export type ValueMap = { [key: string]: Value };

export type ValueKind = "none" | "boolean" | "integer" | "float" | "text" | "array" | "map" | "duration" | "datetime";

/** Largest value a script may hold, in bytes as `heap.ts` counts them. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/** Deepest nesting of arrays and maps in a value. */
export const MAX_VALUE_DEPTH = 100;

interface Tagged {
  readonly $float?: number;
  readonly $seconds?: number;
  readonly $datetime?: string;
}

export function kindOf(value: Value): ValueKind {
  switch (typeof value) {
    case "number":
      return "integer";
    case "string":
      return "text";
    case "boolean":
      return "boolean";
    default:
      break;
  }
  if (value === null) return "none";
  if (Array.isArray(value)) return "array";
  const tagged = value as Tagged;
  if (tagged.$float !== undefined) return "float";
  if (tagged.$seconds !== undefined) return "duration";
  if (tagged.$datetime !== undefined) return "datetime";
  return "map";
}

/** Whether it has parts that can change. */
export function isContainer(value: Value): value is Value[] | ValueMap {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || kindOf(value) === "map";
}

/** Whole or not, a float. Infinite ones and those that are no number do not exist here. */
export function float(value: number): Value {
  if (!Number.isFinite(value)) throw fatal("the result is too large for a float");
  // -0.0 does not survive JSON.
  return { $float: value === 0 ? 0 : value };
}

export function integer(value: number): Value {
  if (!Number.isSafeInteger(value)) throw fatal("the result is too large to be an exact integer");
  return value === 0 ? 0 : value;
}

/** The number behind an integer, float or boolean; undefined for anything else. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "object" && value !== null) return (value as Tagged).$float;
  return undefined;
}

/** False for none, false, 0, 0.0 and an empty text, array or map. */
export function truth(value: Value): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  const kind = kindOf(value);
  if (kind === "float") return (value as Tagged).$float !== 0;
  if (kind === "duration") return (value as Tagged).$seconds !== 0;
  if (kind === "datetime") return true;
  for (const _ in value) return true;
  return false;
}

/** As text: integers as digits, floats always with a point, `True`, `False`, `None`; arrays and maps as JSON. */
export function textOf(value: Value): string {
  switch (kindOf(value)) {
    case "none":
      return "None";
    case "boolean":
      return value === true ? "True" : "False";
    case "text":
      return value as string;
    case "integer":
      return String(value);
    case "float":
      return floatText((value as Tagged).$float!);
    case "duration":
      return durationText((value as Tagged).$seconds!);
    case "datetime":
      return (value as Tagged).$datetime!;
    case "array":
    case "map":
      return JSON.stringify(toPlain(value));
  }
}

function floatText(value: number): string {
  const text = String(value);
  if (text.includes(".")) return text;
  return text.includes("e") ? text.replace("e", ".0e") : `${text}.0`;
}

/** `MM:SS`, `HH:MM:SS` or `D:HH:MM:SS`, with `-` before a negative one. */
export function durationText(seconds: number): string {
  const all = Math.abs(Math.trunc(seconds));
  const days = Math.floor(all / 86_400);
  const hours = Math.floor(all / 3600) % 24;
  const parts = [Math.floor(all / 60) % 60, all % 60];
  if (days > 0 || hours > 0) parts.unshift(hours);
  const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return `${seconds < 0 && all > 0 ? "-" : ""}${days > 0 ? `${days}:` : ""}${text}`;
}

/** How a map key is kept. */
export function storedKey(key: string): string {
  if (key === "__proto__") throw badParameter("index", '"__proto__" cannot be a key');
  return key.startsWith("$") ? `$${key}` : key;
}

function writtenKey(key: string): string {
  return key.startsWith("$$") ? key.slice(1) : key;
}

/**
 * Takes over ordinary JSON: a number with a fraction becomes a float. A number that is not exact, a nesting deeper than
 * `MAX_VALUE_DEPTH`, and a key `__proto__` are faults.
 */
export function fromPlain(json: Json, depth = 0): Value {
  if (typeof json === "number") {
    if (!Number.isInteger(json)) return float(json);
    if (!Number.isSafeInteger(json)) throw fatal(`the number ${json} is too large to be an exact integer`);
    return json === 0 ? 0 : json;
  }
  if (typeof json !== "object" || json === null) return json;
  if (depth > MAX_VALUE_DEPTH) throw fatal("a value is nested too deeply");
  if (Array.isArray(json)) return json.map((item: Json) => fromPlain(item, depth + 1));
  const made: ValueMap = {};
  for (const [key, value] of Object.entries(json)) made[storedKey(key)] = fromPlain(value, depth + 1);
  return made;
}

/** Gives out ordinary JSON: floats as numbers, durations as seconds, datetimes as ISO text. */
export function toPlain(value: Value): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  const tagged = value as Tagged;
  const scalar = tagged.$float ?? tagged.$seconds ?? tagged.$datetime;
  if (scalar !== undefined) return scalar;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [writtenKey(key), toPlain(item as Value)]));
}
