import { dirname, resolve } from "node:path";
import { findSources, parseVerb, VERB_NAMES } from "../verbs/index.ts";
import type { JobLine } from "../runs/commands.ts";
import type { JsonObject } from "../kernel/json.ts";
import { sendFiles } from "./content.ts";
import type { CommandContext } from "./context.ts";

/**
 * The verb with the files that it sends, each of which the server then has under its hash. Relative paths count from the folder of the file the
 * verb stands in, else from the present one.
 */
export async function withContents(context: CommandContext, line: JobLine): Promise<JobLine> {
  // Verbs of one's own send no files.
  if (!VERB_NAMES.includes(line.verb.toUpperCase())) return line;
  const verb = parseVerb(line.verb, line.text, line.vars as JsonObject | undefined);
  if (verb.sources === undefined) return line;
  const folder = line.where === undefined ? process.cwd() : dirname(resolve(line.where.file));
  const sources = await findSources(verb, folder);
  const files = sources.filter((one) => one.folder !== true && one.link === undefined);
  const paths = files.map(({ path }) => path);
  const hashes = await sendFiles(context.client, paths);
  const sent = new Map(paths.map((path, index) => [path, hashes[index]]));
  const contents = sources.map(({ path: from, name, mode, size, folder: isFolder, link }) => {
    if (isFolder === true) return { from, name, mode, size: 0, folder: true };
    if (link !== undefined) return { from, name, mode, size: 0, link };
    return { from, name, mode, size, ...sent.get(from) };
  });
  return { ...line, contents };
}
