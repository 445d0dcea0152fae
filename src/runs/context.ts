import type { Job } from "../jobs/index.ts";

/** Where a job stands in its run, as its context says. */
export function positionOf({ context }: Pick<Job, "context">): { readonly stage: number; readonly node: number } {
  return { stage: Number(context["stage"] ?? 0), node: Number(context["node"] ?? 0) };
}
