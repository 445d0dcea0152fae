import type { VerbPlan } from "../model.ts";

/** Waiting changes nothing. */
export async function planWait(): Promise<VerbPlan> {
  return { changed: false, diff: "" };
}
