import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { argumentName, type ParsedVerb, timeoutParameter } from "../model.ts";
import { parseOptions, present, secondsOption, wrong } from "../options.ts";

/** ARG NAME VALUE: remembers a value on the node, for `{{ NAME }}` in later texts. Pure. */

export const argParameters = z.object({
  name: argumentName.describe("Name of the argument"),
  value: z.json().describe("Its value: anything JSON can hold"),
  ...timeoutParameter,
});

/** Throws `verb_text_wrong`. */
export function parseArg(text: string): ParsedVerb {
  const options = parseOptions("ARG", text, {});
  const match = /^(\S+)\s+([^]*)$/.exec(options.rest);
  if (match === null) throw wrong("ARG", "needs a name and a value: ARG NAME VALUE");
  const [, name = "", value = ""] = match;
  if (!argumentName.safeParse(name).success)
    throw wrong("ARG", `${name} is not a name of letters, digits and underscores`);
  return {
    module: "agent",
    function: "arg",
    parameters: present<Json>({
      name,
      value: literal(value.trimEnd()),
      timeout: secondsOption("ARG", options, "timeout"),
    }),
    runOnce: options.flags.has("run-once"),
  };
}

/** Numbers, lists and mappings are read as such, everything else is text: the rule of Directord's ARG. */
function literal(text: string): Json {
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
