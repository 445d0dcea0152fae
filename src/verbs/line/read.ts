import { GantryError } from "../../kernel/errors.ts";
import { LINE_FAILED } from "../errors.ts";
import { textAt } from "../files.ts";
import { safePath } from "../safe-path.ts";
import type { VerbContext } from "../verb.ts";
import { editLines, type LineParameters } from "./model.ts";

/** Bytes of a file that is changed by lines. */
const LONGEST = 8 * 1024 * 1024;

export interface Edited {
  /** Links followed. */
  readonly path: string;
  /** Undefined: there is no file. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What the file holds, and is to hold. Throws `line_failed`, `link_refused`. */
export async function editedFile(parameters: LineParameters, context: VerbContext): Promise<Edited> {
  const path = await safePath(context.path(parameters.file));
  const before = await textAt(path, LONGEST);
  if (before === null) throw new GantryError(LINE_FAILED, `${path} is no text file of at most ${LONGEST} bytes`);
  if (before === undefined && parameters.absent !== true && parameters.create !== true)
    throw new GantryError(LINE_FAILED, `there is no file ${path}; --create makes it`);
  return { path, before, after: editLines(before ?? "", parameters) };
}
