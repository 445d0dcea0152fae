import type { VerbPlan } from "../model.ts";

/** Looking changes nothing. */
export async function planFacts(): Promise<VerbPlan> {
  return { changed: false, diff: "" };
}
