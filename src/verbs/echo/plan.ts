import type { VerbPlan } from "../model.ts";

/** Printing changes nothing. */
export async function planEcho(): Promise<VerbPlan> {
  return { changed: false, diff: "" };
}
