import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { z } from "zod";
import type { GantryClient } from "../client/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { parseVerb } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { FILE_NOT_FETCHED } from "./errors.ts";
import { fetchesFiles } from "./run-verbs.ts";

/** The files that GET brought to the server, written here: `TO/NODE/path/on/the/node`. */

const fetched = z.object({
  files: z.array(
    z.object({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }),
  ),
});

/** Results asked for at once. */
const PAGE = 500;

/**
 * Writes what the nodes of a run have brought, and says so. A node's name and paths are not trusted: whatever they are, nothing is written
 * outside of the folder.
 *
 * @param within Of a run whose verbs somebody else may have written: they say where files go on this machine, so nothing is written but
 * below this folder, and nothing hidden. Errors: `file_not_fetched`, and those of the server.
 */
export async function writeFetched(context: CommandContext, runId: string, within?: string): Promise<void> {
  const { client, terminal } = context;
  const places = new Map<number, Place>();
  for await (const { job, verb, text } of client.runs.verbs(runId, { limit: PAGE }))
    if (fetchesFiles([{ verb }]) && text !== null)
      places.set(job, placeOf(String(parseVerb(verb, text).parameters["to"] ?? "."), within));
  let count = 0;
  let size = 0;
  for await (const result of client.runs.results(runId, { limit: PAGE })) {
    const to = places.get(result.job);
    if (to === undefined) continue;
    const known = fetched.safeParse(result.value);
    if (!known.success) continue;
    for (const file of known.data.files) {
      await write(client, to, result.node, file);
      count += 1;
      size += file.size;
    }
  }
  if (count > 0)
    terminal.error(
      `${count} ${count === 1 ? "file" : "files"} (${size} bytes) in ${[...new Set([...places.values()].map(pathOf))].join(", ")}\n`,
    );
}

/** Where files go: below `base` no link is followed. */
interface Place {
  readonly base: string;
  readonly parts: readonly string[];
}

function placeOf(to: string, within: string | undefined): Place {
  if (within === undefined) return { base: resolve(to), parts: [] };
  const parts = to.split(sep).filter((part) => part !== "" && part !== ".");
  if (isAbsolute(to) || parts.some((part) => part.startsWith(".")))
    throw new GantryError(
      FILE_NOT_FETCHED,
      `the run that was resumed puts files into ${JSON.stringify(to)}; of a run that somebody else may have written, they are put below ${within} only, into nothing hidden. They stay on the server`,
    );
  return { base: within, parts };
}

function pathOf({ base, parts }: Place): string {
  return join(base, ...parts);
}

interface FetchedFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

async function write(client: GantryClient, place: Place, node: string, file: FetchedFile): Promise<void> {
  const parts = [...place.parts, node, ...file.path.split("/").filter((part) => part !== "")];
  if (parts.some((part) => part === "." || part === ".." || /[/\0]/.test(part)))
    throw new GantryError(
      FILE_NOT_FETCHED,
      `${node} brought a file called ${JSON.stringify(file.path)}, which is no path`,
    );
  // In a home folder, `.ssh` and `.config` are read by programs. A node may have chosen its name itself.
  if (node.startsWith("."))
    throw new GantryError(FILE_NOT_FETCHED, `what ${node} brought would be hidden: its name begins with a dot`);
  const path = join(place.base, ...parts);
  const draft = join(dirname(path), `.${randomUUID()}`);
  try {
    await mkdir(place.base, { recursive: true });
    await makeFolders(place.base, parts.slice(0, -1));
    await download(client, draft, file);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof GantryError) throw error;
    throw new GantryError(FILE_NOT_FETCHED, `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** One by one, so that no link below it leads out of it. */
async function makeFolders(base: string, parts: readonly string[]): Promise<void> {
  let at = base;
  for (const part of parts) {
    at = join(at, part);
    await mkdir(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    if (!(await lstat(at)).isDirectory()) throw new Error(`${at} is no folder`);
  }
}

async function download(client: GantryClient, draft: string, { path, sha256, size }: FetchedFile): Promise<void> {
  const file = await open(
    draft,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o666,
  );
  try {
    const hash = createHash("sha256");
    let received = 0;
    for await (const piece of await client.content.get(sha256)) {
      hash.update(piece);
      received += piece.length;
      if (received > size) break;
      await file.writeFile(piece);
    }
    if (hash.digest("hex") !== sha256)
      throw new GantryError(FILE_NOT_FETCHED, `what the server sent for ${path} is not what its hash says`);
  } finally {
    await file.close();
  }
}
