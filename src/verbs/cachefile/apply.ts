import { GantryError } from "../../kernel/errors.ts";
import { CACHEFILE_WRONG } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { CachefileParameters } from "./model.ts";
import { readArguments } from "./read.ts";

/** Throws `cachefile_wrong`. */
export async function applyCachefile(parameters: CachefileParameters, context: VerbContext): Promise<VerbResult> {
  const path = context.path(parameters.path);
  const read = await readArguments(path);
  if (read === undefined) throw new GantryError(CACHEFILE_WRONG, `there is no file ${path} on this node`);
  const changed = await context.surroundings.arguments.set(read);
  return { path, names: Object.keys(read), changed };
}
