import type { VerbPlan } from "../model.ts";

/** Waiting changes nothing. */
export async function planJobWait(): Promise<VerbPlan> {
  return { changed: false, diff: "" };
}
