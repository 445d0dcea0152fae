import { z } from "zod";
import { addParameters } from "../add/index.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** TEMPLATE FROM TO: one file in Jinja, filled in on the node. Pure. */

const { to, chown, chmod, files } = addParameters.shape;

export const templateParameters = z.object({
  to,
  text: z
    .string()
    .max(256 * 1024)
    .optional()
    .describe("The template itself, when it is short"),
  files: files.unwrap().max(1).optional().describe("The template as a file, which the server holds"),
  chown,
  chmod,
});
export type TemplateParameters = z.output<typeof templateParameters>;

export const templateOptions = { text: "value", chown: "value", chmod: "value" } as const;

/** Throws `verb_text_wrong`. */
export function readTemplate({ rest, values }: ParsedOptions): ReadVerb {
  const words = splitWords("TEMPLATE", rest);
  const text = values.get("text");
  const [first, second] = words;
  if (first === undefined || words.length !== (text === undefined ? 2 : 1))
    throw wrong("TEMPLATE", "needs a template and where it goes: TEMPLATE FROM TO, or TEMPLATE --text 'TEXT' TO");
  const own = { to: second ?? first, text, chown: values.get("chown"), chmod: values.get("chmod") };
  return text === undefined ? { parameters: own, sources: [first] } : { parameters: own };
}

export function problemOfTemplate({ text, files: sent }: TemplateParameters): string | undefined {
  return text !== undefined && sent !== undefined ? "takes a file or a text, not both" : undefined;
}
