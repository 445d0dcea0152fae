import type { JsonObject } from "../kernel/json.ts";

/** Milliseconds a verb may take when it does not say. */
const VERB_MILLISECONDS = 10 * 60 * 1000;

/** What a verb gets beyond its own limit: to end what it started, and to say so. */
const GRACE_MILLISECONDS = 60 * 1000;

/**
 * Milliseconds after which a verb's task is given up. The verb's own limit (`timeout`; `seconds` of WAIT, `query_timeout` of QUERY_WAIT),
 * once for each attempt, comes first and ends it properly; this one is for a node that does not.
 */
export function verbTimeout(parameters: JsonObject): number {
  const own = ["timeout", "seconds", "query_timeout"]
    .map((name) => parameters[name])
    .filter((value) => typeof value === "number");
  const once = Math.max(VERB_MILLISECONDS, ...own.map((seconds) => seconds * 1000 + GRACE_MILLISECONDS));
  const { retry, retry_wait } = parameters;
  if (typeof retry !== "number" || retry <= 0) return once;
  return once * (1 + retry) + retry * (typeof retry_wait === "number" ? retry_wait * 1000 : 0);
}
