import { z } from "zod";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** JOB_WAIT NAME…: until other jobs of the same orchestration have ended. Pure. */

export const jobWaitParameters = z.object({
  names: z.array(z.string().min(1).max(1024)).min(1).max(1000).describe("Names or ids of jobs"),
  identity: z
    .array(z.string().min(1).max(253))
    .max(10_000)
    .optional()
    .describe("Nodes on which they must have ended; without: all they run on"),
});
export type JobWaitParameters = z.output<typeof jobWaitParameters>;

export const jobWaitOptions = { identity: "values" } as const;

/** `--identity NODE…` may also stand behind the names, with several nodes. Throws `verb_text_wrong`. */
export function readJobWait(options: ParsedOptions): ReadVerb {
  const words = splitWords("JOB_WAIT", options.rest);
  const at = words.indexOf("--identity");
  const names = at < 0 ? words : words.slice(0, at);
  const identity = [...(options.lists.get("identity") ?? []), ...(at < 0 ? [] : words.slice(at + 1))];
  if (names.length === 0) throw wrong("JOB_WAIT", "needs the name or the id of a job");
  if (identity.length === 0) return { parameters: { names }, barrier: { wait: names } };
  return { parameters: { names, identity }, barrier: { wait: names, identity } };
}
