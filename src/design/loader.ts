import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, normalize, posix, relative, sep } from "node:path";
import { GantryError, messageOf, problem, type Problem } from "../kernel/errors.ts";
import { isJsonObject } from "../kernel/json.ts";
import type { RefusedFile } from "./build.ts";
import { BUNDLE_LIMIT, pathBeside, readDocuments, type ReadDocuments, type SourceDocument } from "./documents.ts";
import { BUNDLE_TOO_LARGE, FILE_MISSING, FILE_OUTSIDE, FILE_UNREADABLE, NO_DOCUMENTS } from "./errors.ts";
import type { IngestOptions } from "./ingest.ts";
import type { Design } from "./model.ts";
import type { Bundle } from "./schema.ts";

/** Documents and the files they name, read from disk. */
export interface LoadedBundle {
  readonly bundle: Bundle;
  readonly read: ReadDocuments;
  /** Files that are named but were not taken along, and why. */
  readonly refused: ReadonlyMap<string, RefusedFile>;
}

interface Found {
  /** As the user wrote it, with `/`: what errors show. */
  readonly path: string;
  /** What the documents of this path may name lies below it; its real path. */
  readonly root: string;
}

export interface LoadOptions {
  /** Whether folders are searched for `.toml` too: blueprints in Contractor's form. */
  readonly toml?: boolean;
}

const MOST_FILES = 10_000;
const DEEPEST = 32;

/**
 * Reads files and folders: of a folder every `.yaml` and `.yml` file below it, in the order of their paths, without hidden folders and
 * `node_modules`. Then the files those documents name, which must lie below the folder that was given (or the folder of the file).
 *
 * Errors: `file_unreadable`, `no_documents`, `bundle_too_large`. What is wrong inside of the documents is left to `ingest`.
 */
export async function loadBundle(paths: readonly string[], { toml = false }: LoadOptions = {}): Promise<LoadedBundle> {
  const found = await findDocuments(paths, toml ? /\.(ya?ml|toml)$/ : /\.ya?ml$/);
  const budget = new Budget();
  const documents: { path: string; text: string }[] = [];
  for (const { path } of found) documents.push({ path, text: await readText(path, budget) });
  const read = readDocuments(documents.filter(({ path }) => !(toml && path.endsWith(".toml"))));
  const roots = new Map(found.map(({ path, root }) => [path, root]));
  const files: Record<string, string> = {};
  const refused = new Map<string, RefusedFile>();
  for (const document of read.documents) {
    for (const file of namedFiles(document)) {
      const path = pathBeside(document.file, file);
      if (Object.hasOwn(files, path) || refused.has(path)) continue;
      const taken = await takeFile(path, roots.get(document.file) ?? "", budget);
      if (typeof taken === "string") files[path] = taken;
      else refused.set(path, taken);
    }
  }
  return { bundle: { documents, files }, read, refused };
}

/**
 * Checks what was read, as the server does before it plans.
 *
 * Errors: `design_invalid` with every problem.
 */
export async function checkBundle(
  { bundle, read, refused }: LoadedBundle,
  options: IngestOptions = {},
): Promise<{ design: Design; warnings: readonly Problem[] }> {
  // Loaded only when it is called: to read documents that a running server checks, most of this room is not needed.
  const { designOf, ingest } = await import("./ingest.ts");
  const ingested = ingest(bundle, { ...options, read, refused });
  return { design: designOf(ingested), warnings: ingested.warnings };
}

async function findDocuments(paths: readonly string[], endings: RegExp): Promise<readonly Found[]> {
  const found = new Map<string, Found>();
  const problems: Problem[] = [];
  for (const given of paths) {
    const path = shown(given);
    try {
      const real = await realpath(given);
      const state = await stat(real);
      if (state.isDirectory()) {
        for (const file of await filesBelow(path, 0, endings))
          found.set(await realpath(file), { path: file, root: real });
      } else if (state.isFile()) found.set(real, { path, root: join(real, "..") });
      else problems.push(problem(FILE_UNREADABLE, `'${path}' is neither a file nor a folder`));
    } catch (error) {
      if (error instanceof GantryError) throw error;
      problems.push(problem(FILE_UNREADABLE, `'${path}' cannot be read: ${reasonOf(error)}`));
    }
  }
  const [first] = problems;
  if (first !== undefined) throw new GantryError(FILE_UNREADABLE, first.message, { problems });
  if (found.size === 0) throw new GantryError(NO_DOCUMENTS, `there are no .yaml or .yml files in ${paths.join(", ")}`);
  if (found.size > MOST_FILES)
    throw new GantryError(BUNDLE_TOO_LARGE, `there are ${found.size} documents; at most ${MOST_FILES} are read`);
  return [...found.values()];
}

async function filesBelow(folder: string, depth: number, endings: RegExp): Promise<readonly string[]> {
  if (depth > DEEPEST) throw new GantryError(FILE_UNREADABLE, `'${folder}' lies more than ${DEEPEST} folders deep`);
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = posix.join(folder, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    if (entry.isDirectory()) files.push(...(await filesBelow(path, depth + 1, endings)));
    else if (entry.isFile() && endings.test(entry.name)) files.push(path);
  }
  return files;
}

/** The files the blueprints of a document name, whatever else is wrong with them. */
function namedFiles(document: SourceDocument): readonly string[] {
  const blueprints = isJsonObject(document.value) ? document.value["blueprints"] : undefined;
  if (!isJsonObject(blueprints)) return [];
  const names: string[] = [];
  for (const blueprint of Object.values(blueprints)) {
    for (const section of ["scripts", "templates"]) {
      const texts = isJsonObject(blueprint) ? blueprint[section] : undefined;
      for (const text of isJsonObject(texts) ? Object.values(texts) : []) {
        const file = isJsonObject(text) ? text["file"] : undefined;
        if (typeof file === "string" && file !== "") names.push(file);
      }
    }
  }
  return names;
}

async function takeFile(path: string, root: string, budget: Budget): Promise<string | RefusedFile> {
  const outside = problem(FILE_OUTSIDE, `the file '${path}' lies outside of the folder that was given`);
  try {
    const real = await realpath(path);
    if (!isBelow(root, real)) return outside;
    if (!(await stat(real)).isFile()) return problem(FILE_UNREADABLE, `'${path}' is not a file`);
    return await readText(path, budget);
  } catch (error) {
    if (error instanceof GantryError && error.kind === FILE_UNREADABLE) return problem(FILE_UNREADABLE, error.message);
    if (error instanceof GantryError) throw error;
    // Whether there is something outside of the folder is nobody's business.
    if (!isBelow(root, await besideRoot(path))) return outside;
    return problem(
      FILE_MISSING,
      `the file '${path}' ${reasonOf(error) === "is not there" ? "is not there" : `cannot be read: ${reasonOf(error)}`}`,
    );
  }
}

/** Where a path that cannot be followed to its end would lead: the real path of its folder as far as that is there. */
async function besideRoot(path: string): Promise<string> {
  const folder = normalize(join(path, ".."));
  const real = await realpath(folder).catch(() => undefined);
  return real === undefined ? besideRoot(folder) : join(real, relative(folder, path));
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
}

async function readText(path: string, budget: Budget): Promise<string> {
  budget.spend((await stat(path)).size);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new GantryError(FILE_UNREADABLE, `'${path}' cannot be read: ${reasonOf(error)}`);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new GantryError(FILE_UNREADABLE, `'${path}' is not UTF-8 text`);
  }
}

/** Counts bytes before they are read, so that a huge file costs nothing. */
class Budget {
  #left = BUNDLE_LIMIT;

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new GantryError(BUNDLE_TOO_LARGE, "the documents and the files they name hold more than 8 MiB");
  }
}

function shown(path: string): string {
  return posix.normalize(path.split(sep).join("/"));
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "is not there";
  if (code === "EACCES") return "permission denied";
  return messageOf(error);
}
