import { badParameter } from "./fault.ts";
import type { Heap } from "./heap.ts";
import { equal } from "./operators.ts";
import type { ParameterDescription } from "./program-model.ts";
import { kindOf, numberOf, textOf } from "./values.ts";
import type { Value } from "./values.ts";

/** What the functions without a module take. `array` of the functions on arrays may be a variable, which they then change. */
const REQUIRED: ParameterDescription = { required: true };
const OPTIONAL: ParameterDescription = { required: false };

export const BUILTINS: Readonly<Record<string, Readonly<Record<string, ParameterDescription>>>> = {
  len: { array: REQUIRED },
  slice: { array: REQUIRED, start: OPTIONAL, end: OPTIONAL },
  pop: { array: REQUIRED, index: OPTIONAL },
  append: { array: REQUIRED, value: REQUIRED },
  index: { array: REQUIRED, value: REQUIRED },
  pause: { msg: REQUIRED },
  error: { msg: REQUIRED },
  fatal_error: { msg: REQUIRED },
  message: { msg: REQUIRED },
  delay: { seconds: OPTIONAL, minutes: OPTIONAL, hours: OPTIONAL },
};

/** The functions whose argument `array` names a place instead of a value. */
export const ON_ARRAYS: ReadonlySet<string> = new Set(["len", "slice", "pop", "append", "index"]);

export type Arguments = Readonly<Record<string, Value>>;

/** The array a function works on: a value, or a variable or an element of one that can be changed. */
export interface ArrayPlace {
  read(): Value;
  /** Lets `change` work on an array it may change in place. */
  change(change: (array: Value[]) => void): void;
}

export function checkArguments(name: string, args: Arguments): void {
  const parameters = BUILTINS[name]!;
  for (const given of Object.keys(args)) {
    if (!Object.hasOwn(parameters, given)) throw badParameter(given, `${name} has no parameter "${given}"`);
  }
  for (const [needed, { required }] of Object.entries(parameters)) {
    if (required && !Object.hasOwn(args, needed)) throw badParameter(needed, `${name} needs "${needed}"`);
  }
}

/** Runs one of the functions that never wait. `args` holds all but `array`. */
export function callOnArray(name: string, place: ArrayPlace, args: Arguments, heap: Heap): Value {
  const value = place.read();
  switch (name) {
    case "len":
      return lengthOf(value);
    case "slice":
      return slice(value, args, heap);
    case "index":
      heap.work += heap.bytes(value);
      return positionOf(arrayOf(value), args["value"]!);
    case "append":
      arrayOf(value);
      place.change((array) => heap.push(array, args["value"]!));
      return null;
    case "pop": {
      const at = position(arrayOf(value), args["index"] ?? -1, "index");
      let taken: Value = null;
      place.change((array) => {
        taken = heap.take(array, at);
      });
      return taken;
    }
    default:
      throw new Error(`${name} is not a function on arrays`);
  }
}

function arrayOf(value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw badParameter("array", `"array" is ${textKind(value)}, not an array`);
  return value as readonly Value[];
}

function textKind(value: Value): string {
  const kind = kindOf(value);
  return kind === "none" ? "none" : `of type ${kind}`;
}

function lengthOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (kindOf(value) === "map") return Object.keys(value as object).length;
  return arrayOf(value).length;
}

/** Positions count from 0; negative ones from the end; beyond the ends is the end. */
function slice(value: Value, args: Arguments, heap: Heap): Value {
  const start = optionalInteger(args, "start") ?? 0;
  const end = optionalInteger(args, "end");
  if (typeof value === "string") return value.slice(start, end);
  const part = arrayOf(value).slice(start, end);
  heap.work += part.length * 8;
  return heap.made(part);
}

function optionalInteger(args: Arguments, name: string): number | undefined {
  const value = args[name] ?? null;
  if (value === null) return undefined;
  if (typeof value !== "number") throw badParameter(name, `"${name}" is ${textKind(value)}, not an integer`);
  return value;
}

/** An index as a position in an array; negative ones count from the end. */
export function position(array: readonly Value[], index: Value, parameter: string): number {
  if (typeof index !== "number") throw badParameter(parameter, `the index is ${textKind(index)}, not an integer`);
  const at = index < 0 ? array.length + index : index;
  if (at < 0 || at >= array.length) {
    throw badParameter(parameter, `the array has ${array.length} elements, none at ${index}`);
  }
  return at;
}

/** Milliseconds a `delay` takes. */
export function delayOf(args: Arguments): number {
  const factors = { seconds: 1000, minutes: 60_000, hours: 3_600_000 };
  let sum = 0;
  for (const [name, factor] of Object.entries(factors)) {
    const value = args[name];
    if (value === undefined) continue;
    const amount = typeof value === "boolean" ? undefined : numberOf(value);
    if (amount === undefined) throw badParameter(name, `"${name}" is ${textKind(value)}, not a number`);
    sum += amount * factor;
  }
  return Math.max(0, Math.round(sum));
}

export function messageOf(args: Arguments): string {
  return textOf(args["msg"]!);
}

/** Position of the first element that is equal; none when there is none. */
function positionOf(array: readonly Value[], value: Value): Value {
  const at = array.findIndex((item) => equal(item, value));
  return at === -1 ? null : at;
}
