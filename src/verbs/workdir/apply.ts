import { GantryError, messageOf } from "../../kernel/errors.ts";
import { WORKDIR_FAILED } from "../errors.ts";
import { inMadeFolder } from "../held-folder.ts";
import type { VerbResult } from "../model.ts";
import { applyOwner, wantedOwner } from "../owner.ts";
import { safePath } from "../safe-path.ts";
import type { VerbContext } from "../verb.ts";
import type { WorkdirParameters } from "./model.ts";

/** Throws `workdir_failed`, `owner_unknown`, `link_refused`. */
export async function applyWorkdir(parameters: WorkdirParameters, context: VerbContext): Promise<VerbResult> {
  const path = context.path(parameters.path);
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const place = await safePath(path);
  let changed: boolean;
  try {
    const own = { ...wanted, uid: wanted.uid ?? context.user?.uid, gid: wanted.gid ?? context.user?.gid };
    changed = await inMadeFolder(place, async (at, made) => (await applyOwner(at, made ? own : wanted)) || made);
  } catch (error) {
    const inTheWay =
      (error as NodeJS.ErrnoException).code === "EEXIST" || (error as NodeJS.ErrnoException).code === "ENOTDIR";
    throw new GantryError(
      WORKDIR_FAILED,
      `${path} cannot be made: ${inTheWay ? "a file stands in its way" : messageOf(error)}`,
      { cause: error },
    );
  }
  context.output("stdout", Buffer.from(`${path}\n`));
  return { path, changed };
}
