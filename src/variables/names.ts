/** Keys among variables: `[OPERATOR]NAME[:CLASS]`. */
import type { Place, Problem } from "../kernel/errors.ts";
import { problem } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { VARIABLE_NAME_INVALID } from "./errors.ts";

export type Operator = "set" | "prepend" | "append" | "remove" | "delete";

export interface VariableKey {
  readonly operator: Operator;
  readonly name: string;
  /** Counts only for targets of this class. */
  readonly class: string | undefined;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  "": "set",
  "<": "prepend",
  ">": "append",
  "-": "remove",
  "~": "delete",
};

const KEY = /^([<>\-~]?)([a-zA-Z0-9][a-zA-Z0-9_-]*)(?::([a-zA-Z0-9]+))?$/;
const RESERVED_KEY = /^()(_[a-zA-Z0-9_-]+)$/;

/** The parts of a key, or undefined when it is none. Reserved names (`_id`) are keys only where `reserved` allows them. */
export function parseKey(key: string, reserved = false): VariableKey | undefined {
  const known = reserved ? undefined : parsed.get(key);
  if (known !== undefined) return known;
  const found = parseUnknown(key, reserved);
  if (found !== undefined && !reserved && key.length <= LONGEST_KEPT) {
    if (parsed.size >= MOST_KEPT) parsed.clear();
    parsed.set(key, found);
  }
  return found;
}

/** The same keys come again and again: in 100,000 structures, at every resolution. */
const parsed = new Map<string, VariableKey>();
const MOST_KEPT = 10_000;
const LONGEST_KEPT = 64;

function parseUnknown(key: string, reserved: boolean): VariableKey | undefined {
  const match = KEY.exec(key) ?? (reserved ? RESERVED_KEY.exec(key) : null);
  if (match === null) return undefined;
  const [, sign = "", name = "", ofClass] = match;
  return { operator: OPERATORS[sign] ?? "set", name, class: ofClass };
}

/** What is wrong with a key, as a sentence. */
export function keyProblem(key: string): string {
  const shown = JSON.stringify(key.slice(0, 60));
  if (/^[<>\-~]?_/.test(key)) return `variable ${shown}: names that start with _ are reserved`;
  const plain = key.replaceAll(/[^a-zA-Z0-9_-]+/g, "_").replace(/^[_-]+/, "");
  const advice = plain === "" || plain === key ? "" : `; ${JSON.stringify(plain.slice(0, 60))} would be a name`;
  return `variable ${shown} is not [OPERATOR]NAME[:CLASS]${advice}`;
}

/** Every key that is none, each with its place where `placeOf` knows it. Values may be anything. */
export function checkVariables(values: JsonObject, placeOf?: (key: string) => Place | undefined): Problem[] {
  return Object.keys(values)
    .filter((key) => parseKey(key) === undefined)
    .map((key) => problem(VARIABLE_NAME_INVALID, keyProblem(key), placeOf?.(key)));
}
