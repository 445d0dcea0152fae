import { pythonText } from "./python.ts";

/** Makes the engine print values as Python does: lists, mappings, True, None. It has no such setting, so the template is rewritten. Pure. */

/** The function that rewritten templates call. No honest template has one of its name. */
export const PRINT = "__as_python";

export function print(value: unknown): string {
  return pythonText(value);
}

/**
 * Each `{{ expression }}` of a template, printed by `PRINT`; lines stay where they are. What is undefined stays the engine's business, and so
 * do texts, and numbers, which it still knows to be whole or not. An expression with a call in it is evaluated once only.
 */
export function withPythonPrinting(template: string): string {
  let text = "";
  let at = 0;
  for (;;) {
    const start = nextExpression(template, at);
    const end = start === undefined ? undefined : endOf(template, start + 2);
    if (start === undefined || end === undefined) return text + template.slice(at);
    text += template.slice(at, start) + printed(template.slice(start + 2, end));
    at = end + 2;
  }
}

function printed(inside: string): string {
  const [, before = "", expression = "", after = ""] = /^([-+]?)([^]*?)([-+]?)$/.exec(inside) ?? [];
  if (expression.trim() === "") return `{{${inside}}}`;
  if (expression.includes("(")) return `{{${before} ${PRINT}(${expression}) ${after}}}`;
  // Only the last one keeps the lines of a long expression: the others would move what stands behind it.
  const flat = expression.replaceAll("\n", " ").trim();
  const asItIs = `(${flat}) if (${flat}) is undefined or (${flat}) is number or (${flat}) is string`;
  return `{{${before} ${asItIs} else ${PRINT}(${expression}) ${after}}}`;
}

/** Where the next expression begins that stands in no comment and in no raw part. */
function nextExpression(template: string, from: number): number | undefined {
  const opening = /\{(?:\{|#|%[-+]?\s*raw\s*[-+]?%\})/g;
  opening.lastIndex = from;
  for (let found = opening.exec(template); found !== null; found = opening.exec(template)) {
    if (found[0] === "{{") return found.index;
    const closing = found[0] === "{#" ? /#\}/g : /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
    closing.lastIndex = opening.lastIndex;
    if (!closing.test(template)) return undefined;
    opening.lastIndex = closing.lastIndex;
  }
  return undefined;
}

/** Where `}}` stands; braces of a mapping and those in quotes are not meant. */
function endOf(template: string, from: number): number | undefined {
  let quote = "";
  let depth = 0;
  for (let at = from; at < template.length; at += 1) {
    const character = template[at];
    if (quote !== "") {
      if (character === "\\") at += 1;
      else if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "{") depth += 1;
    else if (character === "}" && depth > 0) depth -= 1;
    else if (character === "}" && template[at + 1] === "}") return at;
  }
  return undefined;
}
