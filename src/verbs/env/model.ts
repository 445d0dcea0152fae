import { z } from "zod";
import { argumentName } from "../model.ts";
import { nameAndText } from "../arg/index.ts";
import type { ParsedOptions } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** ENV NAME VALUE: a variable in the environment of all later commands on the node. Pure. */

const variableText = z.string().refine((text) => !text.includes("\0"), "holds a zero byte");

export const envParameters = z.object({
  name: argumentName.describe("Name of the variable"),
  value: variableText.optional().describe("Its value, as it is"),
  template: variableText.optional().describe("Instead of a value: it is filled in first"),
  extend_args: z.boolean().optional().describe("As ARG has it; a variable holds one text, which is replaced"),
});
export type EnvParameters = z.output<typeof envParameters>;

export const envOptions = { "extend-args": "flag" } as const;

/** Throws `verb_text_wrong`. */
export function readEnv(options: ParsedOptions): ReadVerb {
  const { name, text } = nameAndText("ENV", options);
  return {
    parameters: {
      name,
      ...(text.includes("{{") ? { template: text } : { value: text }),
      extend_args: options.flags.has("extend-args") ? true : undefined,
    },
  };
}
