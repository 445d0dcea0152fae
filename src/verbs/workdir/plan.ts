import { stat } from "node:fs/promises";
import type { VerbPlan } from "../model.ts";
import { planOwner, wantedOwner } from "../owner.ts";
import { safePath } from "../safe-path.ts";
import type { VerbContext } from "../verb.ts";
import type { WorkdirParameters } from "./model.ts";

/** Throws `owner_unknown`, `link_refused`. */
export async function planWorkdir(parameters: WorkdirParameters, context: VerbContext): Promise<VerbPlan> {
  const path = await safePath(context.path(parameters.path));
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { changed: true, diff: `+ ${path}/` };
  if (!found.isDirectory()) return { changed: "unknown", diff: "", message: `a file stands in the way of ${path}` };
  const lines = planOwner(path, found, wanted);
  return { changed: lines.length > 0, diff: lines.join("\n") };
}
