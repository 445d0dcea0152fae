import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import { LINK_REFUSED } from "./errors.ts";

/**
 * Where a path leads, with its links followed. As root, a link that another user made is followed only to what is that user's own: else who
 * may write into a folder could send what root writes there to any file of the machine. Of what does not exist yet, the folder counts.
 *
 * @param path absolute. Throws `link_refused`
 */
export async function safePath(path: string): Promise<string> {
  const foreign = new Map<number, string>();
  const resolved = await followed(path, foreign);
  if (foreign.size === 0) return resolved;
  const owner = await ownerAt(resolved);
  for (const [uid, link] of foreign) {
    if (owner === uid) continue;
    throw new GantryError(
      LINK_REFUSED,
      `${link} is a link of another user (uid ${uid}) to ${resolved}, which is not that user's`,
    );
  }
  return resolved;
}

/** As many as the kernel follows. */
const MOST_LINKS = 40;

async function followed(path: string, foreign: Map<number, string>): Promise<string> {
  const asRoot = process.getuid?.() === 0;
  let rest = path.split("/").filter((part) => part !== "" && part !== ".");
  let done = "/";
  for (let links = 0; rest.length > 0;) {
    const [part = "", ...others] = rest;
    rest = others;
    if (part === "..") {
      done = dirname(done);
      continue;
    }
    const next = join(done, part);
    const found = await lstat(next).catch(() => undefined);
    if (found?.isSymbolicLink() !== true) {
      done = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new GantryError(LINK_REFUSED, `${path} leads through links without end`);
    if (asRoot && found.uid !== 0) foreign.set(found.uid, next);
    const target = await readlink(next);
    if (isAbsolute(target)) done = "/";
    rest = [...target.split("/").filter((one) => one !== "" && one !== "."), ...rest];
  }
  return done;
}

async function ownerAt(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined) return found.uid;
  }
}
