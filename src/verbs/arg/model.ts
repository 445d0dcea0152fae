import { z } from "zod";
import { canonicalJson, isJsonObject, type Json } from "../../kernel/json.ts";
import { argumentName } from "../model.ts";
import { type ParsedOptions, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";
import { literal } from "./literal.ts";

/** ARG NAME VALUE: remembers a value on the node, for `{{ NAME }}` in later texts. Pure. */

export const argParameters = z.object({
  name: argumentName.describe("Name of the argument"),
  value: z.json().optional().describe("Its value, as it is: anything JSON can hold"),
  template: z.json().optional().describe("Instead of a value: its texts are filled in first"),
  extend_args: z.boolean().optional().describe("Adds to a list or a mapping that is there already"),
});
export type ArgParameters = z.output<typeof argParameters>;

export const argOptions = { "extend-args": "flag" } as const;

/** Throws `verb_text_wrong`. */
export function readArg(options: ParsedOptions): ReadVerb {
  const { name, text } = nameAndText("ARG", options);
  const value = literal(text);
  return {
    parameters: {
      name,
      ...(text.includes("{{") ? { template: value } : { value }),
      extend_args: options.flags.has("extend-args") ? true : undefined,
    },
  };
}

/** For verbs that take a value or a template for it. */
export function argProblem(given: { value?: unknown; template?: unknown }): string | undefined {
  return (given.value === undefined) === (given.template === undefined)
    ? "needs a value or a template for it, and not both"
    : undefined;
}

/** The first word, and all behind it without the white space around it. Throws `verb_text_wrong`. */
export function nameAndText(verb: string, options: ParsedOptions): { name: string; text: string } {
  const match = /^(\S+)\s+([^]*)$/.exec(options.rest);
  if (match === null) throw wrong(verb, `needs a name and a value: ${verb} NAME VALUE`);
  const [, name = "", text = ""] = match;
  if (!argumentName.safeParse(name).success)
    throw wrong(verb, `${name} is not a name of letters, digits and underscores`);
  return { name, text: text.trimEnd() };
}

/** What the argument becomes. */
export function valueAfter({ value, template, extend_args }: ArgParameters, before: Json | undefined): Json {
  const wanted = value ?? template ?? null;
  return extend_args === true ? extended(before, wanted) : wanted;
}

/** A list is lengthened by what it lacks, a mapping gets more members (the new ones win); anything else is replaced. */
function extended(before: Json | undefined, value: Json): Json {
  if (Array.isArray(before)) {
    const has = new Set((before as readonly Json[]).map((one) => canonicalJson(one)));
    const more = Array.isArray(value) ? (value as readonly Json[]) : [value];
    return [...(before as readonly Json[]), ...more.filter((one) => !has.has(canonicalJson(one)))];
  }
  if (!isJsonObject(before) || !isJsonObject(value)) return value;
  const merged = Object.entries(value).map(([key, one]) => [key, extended(before[key], one)]);
  return { ...before, ...Object.fromEntries(merged) };
}
