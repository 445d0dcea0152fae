import type { Environment } from "minijinja-js";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { ARGUMENT_UNDEFINED } from "./errors.ts";
import { pythonText } from "./python.ts";

/**
 * `{{ expression }}` in a text, filled in on the node. Only these pairs of braces mean anything: the rest stays as typed, so that
 * `${#list}` and `{%` keep their meaning for the shell. Strict: an undefined name is an error.
 */

/** Steps of one expression. Far more than any honest one takes. */
const FUEL = 100_000;

export type Values = Readonly<Record<string, Json>>;

export function hasExpressions(text: string): boolean {
  return text.includes("{{");
}

/** Throws `argument_undefined`, which names the expression. */
export async function renderText(text: string, values: Values): Promise<string> {
  let rendered = "";
  let at = 0;
  for (;;) {
    const start = text.indexOf("{{", at);
    if (start < 0) return rendered + text.slice(at);
    const end = endOfExpression(text, start + 2);
    rendered += text.slice(at, start) + (await evaluate(text.slice(start + 2, end), values));
    at = end + 2;
  }
}

/** A name with members (`who`, `query.web1.port`, `list[0]`, `map["a b"]`) needs no engine: by far the most are such. */
const PATH = /^\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[\d+\]|\["[^"\\]*"\]|\['[^'\\]*'\])*)\s*$/;
const STEP = /\.(\w+)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\]/g;

async function evaluate(expression: string, values: Values): Promise<string> {
  const path = PATH.exec(expression);
  if (path !== null) {
    const [, name = "", steps = ""] = path;
    let value: Json | undefined = Object.hasOwn(values, name) ? values[name] : undefined;
    for (const [, ...step] of steps.matchAll(STEP))
      value = memberOf(value, step.find((one) => one !== undefined) ?? "");
    if (value !== undefined) return pythonText(value);
  }
  const environment = await strictEnvironment();
  try {
    const value: unknown = environment.evalExpr(expression, values);
    if (typeof value !== "number" && value !== undefined) return pythonText(value);
    // Only as text does the engine tell nothing from what is undefined, and 2.0 from 2.
    const text = environment.renderStr(`{{${expression}}}`, values);
    return value === undefined ? pythonText(value) : text;
  } catch (error) {
    // An engine that broke off is not to be trusted any more.
    if (!(error instanceof Error) || error.constructor !== Error) made = undefined;
    throw undefinedError(expression, values, messageOf(error));
  }
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, Json>>)[name];
}

let made: Promise<Environment> | undefined;

/** The engine is loaded with the first expression that is more than a name: most nodes never see one. */
async function strictEnvironment(): Promise<Environment> {
  made ??= import("minijinja-js").then(({ Environment }) => {
    const environment = new Environment();
    environment.undefinedBehavior = "strict";
    environment.keepTrailingNewline = true;
    environment.fuel = FUEL;
    environment.enablePyCompat();
    return environment;
  });
  return made;
}

/** Its details hold the names the expression asks for, for whoever knows more about them. */
function undefinedError(expression: string, values: Values, why: string): GantryError {
  const path = PATH.exec(expression);
  const name = /^\s*([A-Za-z_]\w*)/.exec(expression)?.[1];
  const details = { names: expression.match(/[A-Za-z_]\w*/g) ?? [] };
  if (name !== undefined && !Object.hasOwn(values, name)) {
    const close = nearest(name, Object.keys(values));
    const meant = close === undefined ? "; ARG or --stdout-arg sets one" : `; did you mean ${close}?`;
    return new GantryError(ARGUMENT_UNDEFINED, `there is no argument ${name} on this node${meant}`, { details });
  }
  if (path !== null) {
    const what = `the argument ${name} has nothing at ${path[2]} on this node`;
    return new GantryError(ARGUMENT_UNDEFINED, what, { details });
  }
  return new GantryError(
    ARGUMENT_UNDEFINED,
    `{{${expression}}} cannot be evaluated: ${firstLine(why)}. To have these braces as they are, write {{ '{{' }}${expression}}}`,
    { details },
  );
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? text).replace(/ \(in <\w+>:\d+\)$/, "");
}

/** Braces inside quotes do not end an expression. */
function endOfExpression(text: string, start: number): number {
  let quote = "";
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quote !== "") {
      if (character === "\\") at += 1;
      else if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "}" && text[at + 1] === "}") return at;
  }
  throw new GantryError(ARGUMENT_UNDEFINED, `{{ without its }} in ${text.slice(Math.max(0, start - 2), start + 40)}`);
}
