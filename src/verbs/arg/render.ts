import type { Environment } from "minijinja-js";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { ARGUMENT_UNDEFINED } from "../errors.ts";

/**
 * `{{ expression }}` in a text, filled from the node's arguments. Only these pairs of braces mean anything: the rest stays as typed,
 * so that `${#list}` and `{%` keep their meaning for the shell. Strict: an undefined name is an error.
 */

/** Steps of one expression. Far more than any honest one takes. */
const FUEL = 100_000;

export function hasExpressions(text: string): boolean {
  return text.includes("{{");
}

/** Throws `argument_undefined`, which names the expression. */
export async function renderArguments(text: string, values: Readonly<Record<string, Json>>): Promise<string> {
  let environment: Environment | undefined;
  let rendered = "";
  let at = 0;
  for (;;) {
    const start = text.indexOf("{{", at);
    if (start < 0) return rendered + text.slice(at);
    const end = endOfExpression(text, start + 2);
    rendered += text.slice(at, start);
    environment ??= await strictEnvironment();
    rendered += evaluate(environment, text.slice(start, end + 2), values);
    at = end + 2;
  }
}

/** The engine is loaded with the first expression: most nodes never see one. */
async function strictEnvironment(): Promise<Environment> {
  const { Environment } = await import("minijinja-js");
  const environment = new Environment();
  environment.undefinedBehavior = "strict";
  environment.keepTrailingNewline = true;
  environment.fuel = FUEL;
  environment.enablePyCompat();
  return environment;
}

function evaluate(environment: Environment, expression: string, values: Readonly<Record<string, Json>>): string {
  try {
    return environment.renderStr(expression, values);
  } catch (error) {
    const name = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]*)/.exec(expression)?.[1];
    const missing = name !== undefined && !Object.hasOwn(values, name);
    const what = missing
      ? `there is no argument ${name} on this node`
      : `${expression} cannot be evaluated: ${messageOf(error)}`;
    throw new GantryError(ARGUMENT_UNDEFINED, what);
  }
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
