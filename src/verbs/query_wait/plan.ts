import type { VerbPlan } from "../model.ts";

/** Waiting changes nothing. */
export async function planQueryWait(): Promise<VerbPlan> {
  return { changed: false, diff: "" };
}
