import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * Parts of large files that did not arrive whole: each stands beside its place, so that the transfer goes on there, also after the agent's own
 * death. They are written down, so that none stays for ever.
 */

/** How the names of parts end. */
export const PART_ENDING = ".gantry-part";
/** Milliseconds a part may wait to be gone on with. */
const KEPT = 24 * 60 * 60 * 1000;
/** Parts that may wait at the same time. */
const MOST = 16;

const folderIn = (state: string): string => join(state, "incoming");

function noteOf(state: string, part: string): string {
  return join(folderIn(state), createHash("sha256").update(part).digest("hex").slice(0, 32));
}

/** Before the part is begun. */
export async function notePart(state: string, part: string): Promise<void> {
  await mkdir(folderIn(state), { recursive: true, mode: 0o700 });
  await writeFile(noteOf(state, part), part, { mode: 0o600 });
}

/** When it is in its place, or gone. */
export async function forgetPart(state: string, part: string): Promise<void> {
  await rm(noteOf(state, part), { force: true });
}

/** Removes parts that nobody has gone on with for long, and the oldest of too many. */
export async function sweepParts(state: string, now: number): Promise<void> {
  const notes = [];
  for (const name of await readdir(folderIn(state)).catch(() => [])) {
    const note = join(folderIn(state), name);
    const found = await stat(note).catch(() => undefined);
    if (found !== undefined) notes.push({ note, at: found.mtimeMs });
  }
  notes.sort((one, other) => other.at - one.at);
  for (const [index, { note, at }] of notes.entries()) {
    if (index < MOST && now - at < KEPT) continue;
    const part = await readFile(note, "utf8").catch(() => "");
    // Only what has the name and the looks of a part of ours.
    const found = part.endsWith(PART_ENDING) ? await lstat(part).catch(() => undefined) : undefined;
    if (found?.isFile() === true && found.uid === process.getuid?.() && basename(part).startsWith("."))
      await rm(part, { force: true });
    await rm(note, { force: true });
  }
}
