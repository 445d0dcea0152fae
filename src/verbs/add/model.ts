import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { modeText, nodePath, ownerText, type ParsedVerb, timeoutParameter } from "../model.ts";
import { parseOptions, present, secondsOption, splitWords, wrong } from "../options.ts";

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
  ...timeoutParameter,
});
export type AddParameters = z.output<typeof addParameters>;

/**
 * Options: `--chown USER[:GROUP]`, `--chmod MODE`, `--timeout SECONDS`, `--run-once`. The parameters lack the content: each file that
 * `sources` stands for becomes a call of its own (see `findSources`). Throws `verb_text_wrong`.
 */
export function parseAdd(text: string, verb: "ADD" | "COPY" = "ADD"): ParsedVerb {
  const options = parseOptions(verb, text, { chown: "value", chmod: "value" });
  const words = splitWords(verb, options.rest);
  const to = words.at(-1);
  if (to === undefined || words.length < 2) throw wrong(verb, "needs a source and a target: ADD FROM… TO");
  const chown = options.values.get("chown");
  const chmod = options.values.get("chmod");
  if (chown !== undefined && !ownerText.safeParse(chown).success)
    throw wrong(verb, `--chown ${chown} is not USER, USER:GROUP or :GROUP`);
  if (chmod !== undefined && !modeText.safeParse(chmod).success)
    throw wrong(verb, `--chmod ${chmod} is not an octal mode like 0644`);
  return {
    module: "agent",
    function: "add",
    parameters: present<Json>({ to, chown, chmod, timeout: secondsOption(verb, options, "timeout") }),
    sources: words.slice(0, -1),
    runOnce: options.flags.has("run-once"),
  };
}
