import { z } from "zod";
import { moduleFunction } from "../../link/index.ts";
import type { VerbResult } from "../model.ts";
import type { Surroundings } from "../surroundings.ts";
import type { VerbContext } from "../verb.ts";
import { type CacheevictParameters, evicted, type Tag, TAGS } from "./model.ts";

export async function applyCacheevict({ tag }: CacheevictParameters, context: VerbContext): Promise<VerbResult> {
  const count = await forget(tag, context.surroundings);
  context.output("stdout", Buffer.from(`${count} ${count === 1 ? "item" : "items"} forgotten\n`));
  return { tag, evicted: count, changed: count > 0 };
}

/** Returns how much there was to forget. */
async function forget(tag: Tag, { arguments: values, variables, cache }: Surroundings): Promise<number> {
  const what = evicted(tag);
  let count = 0;
  if (what.arguments !== "none") {
    const gone = await values.forget(what.arguments === "query" ? ["query"] : undefined);
    count += gone.length;
  }
  if (what.environment) count += (await variables.forget()).length;
  if (what.results) count += await cache.evict();
  return count;
}

/** What the node remembers: results with their texts, of arguments and variables the names alone. */
export function cacheListFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "What the node remembers: results, and the names of arguments and variables",
    parameters: z.object({}),
    safeToRepeat: true,
    observes: true,
    async run() {
      const { cache, arguments: values, variables } = surroundings;
      return {
        results: (await cache.list()).map((entry) => ({ ...entry })),
        arguments: Object.keys(await values.all()),
        environment: Object.keys(await variables.all()),
      };
    },
  });
}

/** Forgets single results by their keys, or what a tag stands for. */
export function cacheEvictFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "The node forgets results, arguments or variables",
    parameters: z.object({
      tag: z.enum(TAGS).optional().describe("args, envs, jobs (results), query, or all of these"),
      keys: z.array(z.string()).max(1000).optional().describe("Keys of results, as cache_list tells them"),
    }),
    safeToRepeat: true,
    async run({ tag, keys }) {
      const count =
        (keys === undefined ? 0 : await surroundings.cache.evict(keys)) +
        (tag === undefined ? 0 : await forget(tag, surroundings));
      return { evicted: count, changed: count > 0 };
    },
  });
}
