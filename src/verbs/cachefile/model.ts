import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { nodePath } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** CACHEFILE PATH: a file of the node becomes arguments. Pure. */

export const cachefileParameters = z.object({
  path: nodePath.describe("File on the node: a mapping in YAML or JSON"),
});
export type CachefileParameters = z.output<typeof cachefileParameters>;

/** Throws `verb_text_wrong`. */
export function readCachefile(options: ParsedOptions): ReadVerb {
  const [path, ...more] = splitWords("CACHEFILE", options.rest);
  if (path === undefined || more.length > 0) throw wrong("CACHEFILE", "needs one path; quote it when it has spaces");
  return { parameters: { path } };
}

/** The arguments a document holds; a text that says what is wrong with it otherwise. */
export function argumentsOf(content: Json | undefined): JsonObject | string {
  if (content === null || content === undefined) return {};
  if (isJsonObject(content)) return content;
  return `holds ${Array.isArray(content) ? "a list" : "one value"}, not a mapping from names to values`;
}
