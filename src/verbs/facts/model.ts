import { z } from "zod";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** FACTS [KEY]: what the node says about itself. Pure. */

export const factsParameters = z.object({
  key: z.string().min(1).max(256).optional().describe("Only this one"),
});
export type FactsParameters = z.output<typeof factsParameters>;

/** Throws `verb_text_wrong`. */
export function readFacts(options: ParsedOptions, verb: string): ReadVerb {
  const [key, ...more] = splitWords(verb, options.rest);
  if (more.length > 0) throw wrong(verb, "takes the name of one fact, or nothing");
  return { parameters: { key } };
}
