import { z } from "zod";
import type { CommonParameters } from "../model.ts";
import { type ParsedOptions, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** RUN TEXT: a command by the node's /bin/sh. Pure. */

export const runParameters = z.object({
  command: z
    .string()
    .min(1)
    .describe("Text for /bin/sh, exactly as it is; {{ NAME }} is filled from the node's arguments"),
  no_block: z.boolean().optional().describe("Starts it and does not wait for its end; nothing of its output is kept"),
});
export type RunParameters = z.output<typeof runParameters>;

export const runOptions = { "no-block": "flag" } as const;

/** Throws `verb_text_wrong`. */
export function readRun(options: ParsedOptions): ReadVerb {
  if (options.rest.trim() === "") throw wrong("RUN", "needs a command");
  return {
    parameters: { command: options.rest, no_block: options.flags.has("no-block") ? true : undefined },
  };
}

export function runProblem(parameters: RunParameters & CommonParameters): string | undefined {
  if (parameters.no_block !== true) return undefined;
  if ((parameters.cache ?? "none") !== "none") return "with no_block there is no result for a cache";
  if ((parameters.stdout_arg ?? parameters.stderr_arg) !== undefined)
    return "with no_block there is no output to remember";
  return undefined;
}
