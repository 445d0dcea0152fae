import { z } from "zod";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** JOB_WAIT NAME…: until other jobs of the same orchestration have ended. Pure. */

export const jobWaitParameters = z.object({
  names: z.array(z.string().min(1).max(1024)).min(1).max(1000).describe("Names or ids of jobs"),
});
export type JobWaitParameters = z.output<typeof jobWaitParameters>;

/** Throws `verb_text_wrong`. */
export function readJobWait(options: ParsedOptions): ReadVerb {
  const names = splitWords("JOB_WAIT", options.rest);
  if (names.length === 0) throw wrong("JOB_WAIT", "needs the name or the id of a job");
  // What was taken for a name would be looked for as a job.
  if (names.includes("--identity"))
    throw wrong("JOB_WAIT", "has no --identity: it waits for all nodes of what it names");
  return { parameters: { names }, barrier: { wait: names } };
}
