import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { CachefileParameters } from "./model.ts";
import { readArguments } from "./read.ts";

/** A file that is not there may come from a verb in front of this one. Throws `cachefile_wrong`. */
export async function planCachefile(parameters: CachefileParameters, context: VerbContext): Promise<VerbPlan> {
  const path = context.path(parameters.path);
  const read = await readArguments(path);
  if (read === undefined) return { changed: "unknown", diff: "", later: `what ${path} holds` };
  const before = await context.known("arguments");
  const lines = Object.entries(read)
    .filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value))
    .map(([name, value]) => `+ ${name} ${JSON.stringify(value)}`);
  return { changed: lines.length > 0, diff: lines.join("\n"), arguments: read };
}
