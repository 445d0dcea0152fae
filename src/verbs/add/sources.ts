import { glob, lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { SOURCE_MISSING } from "../errors.ts";
import type { ParsedVerb } from "../model.ts";
import { wrong } from "../options.ts";
import { MOST_FILES } from "./model.ts";

/** A file, folder or link to be sent, on the machine where the command is typed. */
export interface Source {
  /** Absolute. */
  readonly path: string;
  /** Below the target. */
  readonly name: string;
  /** Octal. */
  readonly mode: string;
  /** Bytes; 0 for what is no file. */
  readonly size: number;
  readonly folder?: true;
  /** What stands in the link. */
  readonly link?: string;
}

/** Folders in folders. */
const DEEPEST = 64;

/**
 * What an ADD stands for, by name, each once: every match of every pattern, or an error. Of `folder/` that is what is in it, of `folder`
 * the folder itself; links in folders stay links. Several files need a folder as their target, so its path must end with a slash.
 *
 * @param folder absolute: where relative sources count from
 * Throws `add_source_missing`, `verb_text_wrong`.
 */
export async function findSources(verb: ParsedVerb, folder: string): Promise<Source[]> {
  const found = new Map<string, Source>();
  for (const source of verb.sources ?? []) {
    const matches = await matchesOf(source, folder);
    if (matches.length === 0) throw new GantryError(SOURCE_MISSING, `there is no file ${source}`);
    for (const one of matches) {
      const other = found.get(one.name);
      if (other !== undefined && other.path !== one.path && (other.folder !== true || one.folder !== true))
        throw wrong(
          "ADD",
          `${other.path} and ${one.path} would overwrite each other in ${String(verb.parameters["to"])}`,
        );
      found.set(one.name, one);
      if (found.size > MOST_FILES) throw wrong("ADD", `${source} and the others are more than ${MOST_FILES} files`);
    }
  }
  const sources = [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  const to = String(verb.parameters["to"] ?? "");
  const plain = sources.filter((one) => !one.name.includes("/") && one.folder !== true);
  if (plain.length > 1 && plain.length === sources.length && !to.endsWith("/"))
    throw wrong("ADD", `${sources.length} files need a folder as their target: write ${to}/`);
  return sources;
}

/** A path that exists is that file, whatever characters are in its name; otherwise it is a pattern. A pattern stands for files alone. */
async function matchesOf(source: string, folder: string): Promise<Source[]> {
  const literal = resolve(folder, source);
  const found = await stat(literal).catch(() => undefined);
  if (found?.isFile() === true) return [await fileAt(literal, basename(literal))];
  if (found?.isDirectory() === true) return below(literal, source.endsWith("/") ? "" : basename(literal), 0);
  const matches: Source[] = [];
  for await (const match of glob(source, { cwd: folder })) {
    const path = resolve(folder, match);
    if ((await stat(path)).isFile()) matches.push(await fileAt(path, basename(path)));
  }
  return matches;
}

async function fileAt(path: string, name: string): Promise<Source> {
  const { mode, size } = await stat(path);
  return { path, name, mode: octal(mode), size };
}

async function below(path: string, name: string, depth: number): Promise<Source[]> {
  if (depth > DEEPEST) throw wrong("ADD", `${path} is more than ${DEEPEST} folders deep`);
  const sources: Source[] = [{ path, name: name || ".", mode: octal((await stat(path)).mode), size: 0, folder: true }];
  for (const entry of await readdir(path)) {
    const inside = join(path, entry);
    const called = name === "" ? entry : `${name}/${entry}`;
    const found = await lstat(inside);
    if (found.isSymbolicLink())
      sources.push({ path: inside, name: called, mode: "0777", size: 0, link: await readlink(inside) });
    else if (found.isDirectory()) sources.push(...(await below(inside, called, depth + 1)));
    else if (found.isFile()) sources.push({ path: inside, name: called, mode: octal(found.mode), size: found.size });
    // Sockets and devices are of this machine.
    if (sources.length > MOST_FILES) throw wrong("ADD", `${path} holds more than ${MOST_FILES} files`);
  }
  return sources;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
