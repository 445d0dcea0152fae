import { LINE_FAILED } from "../errors.ts";
import { contentOf, NEW_FILE_MODE, placeFile, SECRET_FILE_MODE } from "../files.ts";
import { inHeldFolder } from "../held-folder.ts";
import type { VerbResult } from "../model.ts";
import { applyOwner, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import type { LineParameters } from "./model.ts";
import { editedFile } from "./read.ts";

/** Throws `line_failed`, `owner_unknown`, `link_refused`, `pattern_too_slow`. */
export async function applyLine(parameters: LineParameters, context: VerbContext): Promise<VerbResult> {
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const { path, before, after } = await editedFile(parameters, context);
  if (before === undefined && parameters.absent === true) return { path, changed: false };
  if (before === after) return { path, changed: await inHeldFolder(path, (at) => applyOwner(at, wanted)) };
  const changed = await placeFile(context, {
    path,
    content: contentOf(Buffer.from(after)),
    wanted,
    newMode: context.hiding === undefined ? NEW_FILE_MODE : SECRET_FILE_MODE,
    failure: LINE_FAILED,
  });
  return { path, changed };
}
