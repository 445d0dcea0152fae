import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { type CacheevictParameters, evicted } from "./model.ts";

export async function planCacheevict({ tag, keys }: CacheevictParameters, context: VerbContext): Promise<VerbPlan> {
  const what = evicted(tag);
  const names = Object.keys(await context.known("arguments"));
  const gone =
    what.arguments === "all" ? names : what.arguments === "query" ? names.filter((one) => one === "query") : [];
  const variables = what.environment ? Object.keys(await context.known("environment")) : [];
  const known = what.results ? await context.surroundings.cache.list() : [];
  const results = known.filter(({ key }) => keys?.some((one) => key.startsWith(one)) ?? true).length;
  const lines = [
    ...gone.map((name) => `- argument ${name}`),
    ...variables.map((name) => `- variable ${name}`),
    ...(results === 0 ? [] : [`- ${results} ${results === 1 ? "result" : "results"}`]),
  ];
  return {
    changed: lines.length > 0,
    diff: lines.join("\n"),
    forgets: { arguments: gone, environment: variables },
  };
}
