import { z } from "zod";
import { canonicalJson, isJsonObject, type Json } from "../../kernel/json.ts";
import { argumentName } from "../model.ts";
import { type ParsedOptions, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** ARG NAME VALUE: remembers a value on the node, for `{{ NAME }}` in later texts. Pure. */

export const argParameters = z.object({
  name: argumentName.describe("Name of the argument"),
  value: z.json().optional().describe("Its value: anything JSON can hold"),
  text: z.string().optional().describe("Its value as text, which is filled in and then read as ARG reads it"),
  extend_args: z.boolean().optional().describe("Adds to a list or a mapping that is there already"),
});
export type ArgParameters = z.output<typeof argParameters>;

export const argOptions = { "extend-args": "flag" } as const;

/** Throws `verb_text_wrong`. */
export function readArg(options: ParsedOptions): ReadVerb {
  const { name, text } = nameAndText("ARG", options);
  return {
    parameters: {
      name,
      // What is not filled in yet is read on the node.
      ...(text.includes("{{") ? { text } : { value: literal(text) }),
      extend_args: options.flags.has("extend-args") ? true : undefined,
    },
  };
}

export function argProblem({ value, text }: ArgParameters): string | undefined {
  return (value === undefined) === (text === undefined) ? "needs a value, or a text that becomes one" : undefined;
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

export function wantedValue({ value, text }: ArgParameters): Json {
  return text === undefined ? (value ?? null) : literal(text);
}

/** Numbers, lists and mappings are read as such, everything else is text: the rule of Directord's ARG. */
export function literal(text: string): Json {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^[[{"]/.test(text)) return text;
  for (const candidate of [text, text.replaceAll("'", '"')]) {
    try {
      return JSON.parse(candidate) as Json;
    } catch {
      // Then the next reading, and in the end plain text.
    }
  }
  return text;
}

/** A list is lengthened by what it lacks, a mapping gets more members (the new ones win); anything else is replaced. */
export function extended(before: Json | undefined, value: Json): Json {
  if (Array.isArray(before)) {
    const has = new Set((before as readonly Json[]).map((one) => canonicalJson(one)));
    const more = Array.isArray(value) ? (value as readonly Json[]) : [value];
    return [...(before as readonly Json[]), ...more.filter((one) => !has.has(canonicalJson(one)))];
  }
  if (!isJsonObject(before) || !isJsonObject(value)) return value;
  const merged = Object.entries(value).map(([key, one]) => [key, extended(before[key], one)]);
  return { ...before, ...Object.fromEntries(merged) };
}
