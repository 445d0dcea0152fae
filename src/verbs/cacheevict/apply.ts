import { z } from "zod";
import { moduleFunction } from "../../link/index.ts";
import type { VerbResult } from "../model.ts";
import type { Surroundings } from "../surroundings.ts";
import type { VerbContext } from "../verb.ts";
import { type CacheevictParameters, evicted } from "./model.ts";

export async function applyCacheevict(parameters: CacheevictParameters, context: VerbContext): Promise<VerbResult> {
  const count = await forget(parameters, context.surroundings);
  context.output("stdout", Buffer.from(`${count} ${count === 1 ? "item" : "items"} forgotten\n`));
  return { tag: parameters.tag, evicted: count, changed: count > 0 };
}

/** Returns how much there was to forget. */
async function forget(
  { tag, keys }: CacheevictParameters,
  { arguments: values, variables, cache }: Surroundings,
): Promise<number> {
  const what = evicted(tag);
  let count = 0;
  if (what.arguments !== "none") {
    const gone = await values.forget(what.arguments === "query" ? ["query"] : undefined);
    count += gone.length;
  }
  if (what.environment) count += (await variables.forget()).length;
  if (what.results) count += await cache.evict(keys);
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
