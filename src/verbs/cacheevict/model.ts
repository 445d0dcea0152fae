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
});
export type CacheevictParameters = z.output<typeof cacheevictParameters>;

/** Throws `verb_text_wrong`. */
export function readCacheevict(options: ParsedOptions): ReadVerb {
  const [tag, ...more] = splitWords("CACHEEVICT", options.rest);
  if (tag === undefined || more.length > 0) throw wrong("CACHEEVICT", `needs one of ${TAGS.join(", ")}`);
  if (!TAGS.some((known) => known === tag)) {
    const close = nearest(tag, TAGS);
    throw wrong(
      "CACHEEVICT",
      `there is no tag ${tag}; ${close === undefined ? `the tags are ${TAGS.join(", ")}` : `did you mean ${close}?`}`,
    );
  }
  return { parameters: { tag } };
}

/** What a tag stands for. */
export function evicted(tag: Tag): { arguments: "all" | "query" | "none"; environment: boolean; results: boolean } {
  return {
    arguments: tag === "all" || tag === "args" ? "all" : tag === "query" ? "query" : "none",
    environment: tag === "all" || tag === "envs",
    results: tag === "all" || tag === "jobs",
  };
}
