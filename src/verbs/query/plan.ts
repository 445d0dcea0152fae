import type { VerbPlan } from "../model.ts";

/** Asking changes nothing; what the nodes answer becomes the argument `query` of each. */
export async function planQuery(): Promise<VerbPlan> {
  return { changed: false, diff: "", unknown: ["query"] };
}
