import { stat } from "node:fs/promises";
import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { findFiles } from "./find.ts";
import type { GetParameters } from "./model.ts";

/** It changes nothing on the node. Throws `get_failed`, `pattern_too_slow`. */
export async function planGet(parameters: GetParameters, context: VerbContext): Promise<VerbPlan> {
  const files = await findFiles(parameters, context);
  let size = 0;
  for (const path of files) size += (await stat(path)).size;
  return { changed: false, diff: "", message: `${files.length} files of ${size} bytes would be fetched` };
}
