import { stat } from "node:fs/promises";
import { unifiedDiff } from "../diff.ts";
import type { VerbPlan } from "../model.ts";
import { planOwner, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import type { LineParameters } from "./model.ts";
import { editedFile } from "./read.ts";

/** Throws `line_failed`, `owner_unknown`, `link_refused`, `pattern_too_slow`. */
export async function planLine(parameters: LineParameters, context: VerbContext): Promise<VerbPlan> {
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const { path, before, after } = await editedFile(parameters, context);
  const lines: string[] = [];
  if ((before ?? "") !== after)
    lines.push(context.hiding === undefined ? unifiedDiff(path, before, after) : `~ ${path}: other content`);
  if (before !== undefined) lines.push(...planOwner(path, await stat(path), wanted));
  return { changed: lines.length > 0, diff: lines.join("\n") };
}
