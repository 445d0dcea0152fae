import { z } from "zod";
import { nearest } from "../../kernel/nearest.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** CACHEEVICT TAG: a node forgets. Pure. */

/** `args`: arguments. `envs`: variables of ENV. `jobs`: results. `query`: what QUERY collected. `all`: all of these. */
export const TAGS = ["all", "args", "envs", "jobs", "query"] as const;
export type Tag = (typeof TAGS)[number];

export const cacheevictParameters = z.object({
  tag: z.enum(TAGS).describe("What the node forgets: args, envs, jobs (results), query, or all of these"),
  keys: z
    .array(z.string().regex(/^[0-9a-f]{4,64}$/, "is not the key of a result, or the beginning of one"))
    .min(1)
    .max(1000)
    .optional()
    .describe("Of jobs only these, by their keys or what these begin with"),
});
export type CacheevictParameters = z.output<typeof cacheevictParameters>;

/** Throws `verb_text_wrong`. */
export function readCacheevict(options: ParsedOptions): ReadVerb {
  const [tag, ...keys] = splitWords("CACHEEVICT", options.rest);
  if (tag === undefined) throw wrong("CACHEEVICT", `needs one of ${TAGS.join(", ")}`);
  if (!TAGS.some((known) => known === tag)) {
    const close = nearest(tag, TAGS);
    throw wrong(
      "CACHEEVICT",
      `there is no tag ${tag}; ${close === undefined ? `the tags are ${TAGS.join(", ")}` : `did you mean ${close}?`}`,
    );
  }
  return { parameters: { tag, keys: keys.length === 0 ? undefined : keys } };
}

export function cacheevictProblem({ tag, keys }: CacheevictParameters): string | undefined {
  return keys !== undefined && tag !== "jobs" ? `only results have keys: jobs ${keys.join(" ")}` : undefined;
}

/** What a tag stands for. */
export function evicted(tag: Tag): { arguments: "all" | "query" | "none"; environment: boolean; results: boolean } {
  return {
    arguments: tag === "all" || tag === "args" ? "all" : tag === "query" ? "query" : "none",
    environment: tag === "all" || tag === "envs",
    results: tag === "all" || tag === "jobs",
  };
}
