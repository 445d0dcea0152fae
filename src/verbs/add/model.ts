import { z } from "zod";
import { modeText, nodePath, ownerText } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** ADD FROM… TO (COPY is the same): files onto the node. Pure. */

export const addParameters = z.object({
  to: nodePath.describe("Path on the node; with a slash at its end, or of a folder that exists: the folder for it"),
  name: z
    .string()
    .regex(/^[^/\0]{1,255}$/)
    .optional()
    .describe("Name of the file, where `to` is a folder"),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe("Hash of the content, which the server holds"),
  text: z
    .string()
    .max(256 * 1024)
    .optional()
    .describe("The content itself, when it is short text"),
  chown: ownerText.optional().describe("USER, USER:GROUP or :GROUP"),
  chmod: modeText
    .optional()
    .describe("Octal mode; a new file gets 0644, or 0600 when it holds secrets; an old one keeps its own"),
});
export type AddParameters = z.output<typeof addParameters>;

export const addOptions = { chown: "value", chmod: "value" } as const;

/** The parameters lack the content: each file that `sources` stands for becomes a call of its own (see `findSources`). Throws `verb_text_wrong`. */
export function readAdd({ rest, values }: ParsedOptions, verb: string): ReadVerb {
  const words = splitWords(verb, rest);
  const to = words.at(-1);
  if (to === undefined || words.length < 2) throw wrong(verb, "needs a source and a target: ADD FROM… TO");
  return {
    parameters: { to, chown: values.get("chown"), chmod: values.get("chmod") },
    sources: words.slice(0, -1),
  };
}
