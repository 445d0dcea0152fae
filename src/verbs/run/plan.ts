import type { VerbPlan } from "../model.ts";
import type { RunParameters } from "./model.ts";

/** What a command does shows only when it runs. */
export async function planRun(parameters: RunParameters): Promise<VerbPlan> {
  const lines = parameters.command.trimEnd().split("\n");
  return { changed: "unknown", diff: lines.map((line) => `+ ${line}`).join("\n") };
}
