import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { GantryClient } from "../client/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { parseVerb } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { FILE_NOT_FETCHED } from "./errors.ts";

/** The files that GET brought to the server, written here: `TO/NODE/path/on/the/node`. */

const fetched = z.object({
  files: z.array(
    z.object({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }),
  ),
});

/** Whether any of these verbs fetches files. */
export function fetches(verbs: readonly { readonly verb: string }[]): boolean {
  return verbs.some(({ verb }) => verb.toUpperCase() === "GET");
}

/** Results asked for at once. */
const PAGE = 500;

/**
 * Writes what the nodes of a run have brought, and says so. A node's name and paths are not trusted: whatever they are, nothing is written
 * outside of the folder.
 *
 * Errors: `file_not_fetched`, and those of the server.
 */
export async function writeFetched(context: CommandContext, runId: string): Promise<void> {
  const { client, terminal } = context;
  const places = new Map<number, string>();
  for await (const { job, verb, text } of client.runs.verbs(runId, { limit: PAGE }))
    if (fetches([{ verb }]) && text !== null)
      places.set(job, resolve(String(parseVerb(verb, text).parameters["to"] ?? ".")));
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
      `${count} ${count === 1 ? "file" : "files"} (${size} bytes) in ${[...new Set(places.values())].join(", ")}\n`,
    );
}

interface FetchedFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

async function write(client: GantryClient, to: string, node: string, file: FetchedFile): Promise<void> {
  const parts = [node, ...file.path.split("/").filter((part) => part !== "")];
  if (parts.some((part) => part === "." || part === ".." || /[/\0]/.test(part)))
    throw new GantryError(
      FILE_NOT_FETCHED,
      `${node} brought a file called ${JSON.stringify(file.path)}, which is no path`,
    );
  const path = join(to, ...parts);
  const draft = join(dirname(path), `.${randomUUID()}`);
  try {
    await mkdir(to, { recursive: true });
    await makeFolders(to, parts.slice(0, -1));
    await download(client, draft, file);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof GantryError) throw error;
    throw new GantryError(FILE_NOT_FETCHED, `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** One by one, so that no link below `to` leads out of it. */
async function makeFolders(to: string, parts: readonly string[]): Promise<void> {
  let at = to;
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
