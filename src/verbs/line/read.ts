import { GantryError } from "../../kernel/errors.ts";
import { findMatches } from "../../platform/patterns/index.ts";
import { LINE_FAILED } from "../errors.ts";
import { textAt } from "../files.ts";
import { inHeldFolder } from "../held-folder.ts";
import { safePath } from "../safe-path.ts";
import type { VerbContext } from "../verb.ts";
import { editLines, type Found, type LineParameters, linesOf, PATTERNS } from "./model.ts";

/** Bytes of a file that is changed by lines. */
const LONGEST = 8 * 1024 * 1024;

export interface Edited {
  /** Links followed. */
  readonly path: string;
  /** Undefined: there is no file. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What the file holds, and is to hold. Throws `line_failed`, `link_refused`, `pattern_too_slow`. */
export async function editedFile(parameters: LineParameters, context: VerbContext): Promise<Edited> {
  const path = await safePath(context.path(parameters.file));
  const before = await inHeldFolder(path, (at) => textAt(at, LONGEST)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (before === null) throw new GantryError(LINE_FAILED, `${path} is no text file of at most ${LONGEST} bytes`);
  if (before === undefined && parameters.absent !== true && parameters.create !== true)
    throw new GantryError(LINE_FAILED, `there is no file ${path}; --create makes it`);
  const text = before ?? "";
  return { path, before, after: editLines(text, parameters, await found(text, parameters, context)) };
}

async function found(text: string, parameters: LineParameters, { clock, signal }: VerbContext): Promise<Found> {
  const given = PATTERNS.filter((name) => parameters[name] !== undefined);
  if (given.length === 0) return {};
  const expressions = given.map((name) => parameters[name]!);
  const places = await findMatches({ expressions, texts: linesOf(text), clock, signal });
  return Object.fromEntries(given.map((name, index) => [name, places[index]]));
}
