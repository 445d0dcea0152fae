import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { VerbPlan } from "../model.ts";
import { planOwner, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import { hashOf, targetOf } from "./apply.ts";
import type { AddParameters } from "./model.ts";

/** Throws `add_failed`, `owner_unknown`. */
export async function planAdd(parameters: AddParameters, context: VerbContext): Promise<VerbPlan> {
  const path = await targetOf(context.path(parameters.to), parameters);
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const hash =
    parameters.sha256 ??
    createHash("sha256")
      .update(parameters.text ?? "")
      .digest("hex");
  const before = await hashOf(path);
  if (before === undefined) return { changed: true, diff: `+ ${path}` };
  const lines = [
    ...(before === hash ? [] : [`~ ${path}: other content`]),
    ...planOwner(path, await stat(path), wanted),
  ];
  return { changed: lines.length > 0, diff: lines.join("\n") };
}
