import { z } from "zod";
import { argumentName } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** QUERY NAME: an argument of every node, for every node. Pure. */

export const queryParameters = z.object({
  name: argumentName.describe("Name of the argument that is asked for"),
});
export type QueryParameters = z.output<typeof queryParameters>;

/** Throws `verb_text_wrong`. */
export function readQuery(options: ParsedOptions): ReadVerb {
  const [name, ...more] = splitWords("QUERY", options.rest);
  if (name === undefined || more.length > 0) throw wrong("QUERY", "needs the name of one argument");
  return { parameters: { name }, barrier: "query" };
}
