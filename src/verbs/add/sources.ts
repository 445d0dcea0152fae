import { glob, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { SOURCE_MISSING } from "../errors.ts";
import type { ParsedVerb } from "../model.ts";
import { wrong } from "../options.ts";

/** One file to be sent, on the machine where the command is typed. */
export interface Source {
  /** Absolute. */
  readonly path: string;
  /** Parameters of its call; `sha256` is still missing. */
  readonly parameters: JsonObject;
}

/**
 * The files an ADD stands for, sorted, each once: every match of every pattern, or an error. Several files need a folder as their target,
 * so its path must end with a slash. Throws `add_source_missing`, `verb_text_wrong`.
 */
export async function findSources(verb: ParsedVerb, folder: string): Promise<Source[]> {
  const found = new Set<string>();
  for (const source of verb.sources ?? []) {
    const matches = await filesOf(source, folder);
    if (matches.length === 0) throw new GantryError(SOURCE_MISSING, `there is no file ${source}`);
    for (const match of matches) found.add(match);
  }
  const paths = [...found].sort();
  const to = String(verb.parameters["to"]);
  if (paths.length > 1 && !to.endsWith("/"))
    throw wrong("ADD", `${paths.length} files need a folder as their target: write ${to}/`);
  const names = new Map<string, string>();
  for (const path of paths) {
    const other = names.get(basename(path));
    if (other !== undefined) throw wrong("ADD", `${other} and ${path} would overwrite each other in ${to}`);
    names.set(basename(path), path);
  }
  return paths.map((path) => ({ path, parameters: { ...verb.parameters, name: basename(path) } }));
}

/** A path that exists is that file, whatever characters are in its name; otherwise it is a pattern. Folders are not files. */
async function filesOf(source: string, folder: string): Promise<string[]> {
  const literal = resolve(folder, source);
  const found = await stat(literal).catch(() => undefined);
  if (found?.isFile() === true) return [literal];
  if (found?.isDirectory() === true)
    throw wrong("ADD", `${source} is a folder; write ${source.replace(/\/$/, "")}/* for the files in it`);
  const matches: string[] = [];
  for await (const match of glob(source, { cwd: folder })) {
    const path = resolve(folder, match);
    if ((await stat(path)).isFile()) matches.push(path);
  }
  return matches;
}
