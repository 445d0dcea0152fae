import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findSources, parseVerb } from "../verbs/index.ts";
import type { JobLine } from "../runs/commands.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";

/**
 * The verb with the files that it sends, each of which the server then has under its hash. Relative paths count from the folder of the file the
 * verb stands in, else from the present one.
 */
export async function withContents(context: CommandContext, line: JobLine): Promise<JobLine> {
  const verb = parseVerb(line.verb, line.text, line.vars as JsonObject | undefined);
  if (verb.sources === undefined) return line;
  const folder = line.where === undefined ? process.cwd() : dirname(resolve(line.where.file));
  const contents = [];
  for (const { path } of await findSources(verb, folder)) {
    const { size, mode } = await stat(path);
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const sha256 = hash.digest("hex");
    await context.client.content.replace(sha256, createReadStream(path), { size });
    contents.push({
      from: path,
      sha256,
      size,
      name: basename(path),
      mode: (mode & 0o7777).toString(8).padStart(4, "0"),
    });
  }
  return { ...line, contents };
}
