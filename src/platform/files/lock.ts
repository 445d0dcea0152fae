import { createHash, randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { GantryError } from "../../kernel/errors.ts";
import { LOCK_HELD } from "./errors.ts";
import { isSameProcess, ownProcess, type ProcessRecord } from "./processes.ts";

/*
 * A lock file names its holder. The hard part is the lock of a dead process: between finding it dead and removing it, somebody else may have
 * put a living lock in its place. So a dead lock is never removed. It is succeeded:
 *
 * - Every lock has a text of its own (a random token is in it), so a text that has left the lock's name never comes back to it.
 * - Whoever wants to succeed a dead text claims it: links its own text to a name made from the dead one (`successorName`). A link fails when
 *   the name exists, so a text has one successor. A claimer that died is succeeded in the same way, which makes a chain: lock, claim, claim.
 * - The last of the chain reads the chain again, from the lock on. When it is unchanged, nobody but the last can change the lock (all
 *   before it are dead, and each has exactly one successor), and the last renames its text over the lock. When it has changed, it takes its
 *   own claim back and starts anew.
 *
 * Claims go away only when they mean nothing any more: after the rename, because then the text they lead from is not the lock's, and never
 * will be again; or when a living claimer gives up, which anyone who built on it sees when reading the chain again. So a slow process that
 * claims a name cleared away since finds another text at the lock, and gives up. A crash between two steps leaves a dead chain, to be
 * succeeded, or claims nobody reads.
 */

/** How often a lock may change hands while one process tries to take it. */
const TRIES = 20;
/** How many may die one after the other while taking one lock over. More are no chain of ours. */
const LONGEST_CHAIN = 1000;

/** A name and what was found there. */
interface Found {
  readonly name: string;
  readonly text: string;
}

/**
 * Takes a lock file. It names its holder, so that the lock of a process that died is taken over. Returns how to give it back.
 *
 * Errors: `lock_held` with the holder's pid.
 */
export async function acquireLock(path: string): Promise<() => Promise<void>> {
  // Whoever waits for a lock asks again and again; that writes nothing.
  const holder = parse(await textOf(path));
  if (holder !== undefined && isSameProcess(holder)) throw heldBy(holder, path);
  const token = randomUUID();
  const own: Found = { name: `${path}.${token}`, text: JSON.stringify({ ...ownProcess(), token }) };
  // Flushed: after a power cut, a lock without its text could not be told from another.
  await writeFile(own.name, own.text, { mode: 0o600, flag: "wx", flush: true });
  try {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      // What is linked is complete: a lock is never seen half-written.
      if ((await linked(own.name, path)) || (await succeeded(path, own))) return giveBack(path);
    }
    throw new GantryError(LOCK_HELD, `several processes are taking ${path} over`);
  } finally {
    await rm(own.name, { force: true });
  }
}

/** The name under which a lock or a claim with this text is succeeded. */
export function successorName(path: string, text: string): string {
  return `${path}.after-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

function giveBack(path: string): () => Promise<void> {
  let held = true;
  return async () => {
    // Only the first call: by the second, the lock may be another's.
    if (held) await rm(path, { force: true });
    held = false;
  };
}

/** Takes a dead process's lock over. False when the lock changed meanwhile. Errors: `lock_held` by a living process. */
async function succeeded(path: string, own: Found): Promise<boolean> {
  const chain: Found[] = [];
  for (let name = path; chain.length < LONGEST_CHAIN; name = successorName(path, chain.at(-1)!.text)) {
    if (chain.length > 0 && (await linked(own.name, name)))
      return replaced(path, own, [...chain, { name, text: own.text }]);
    const text = await textOf(name);
    if (text === undefined) return false;
    chain.push({ name, text });
    const holder = parse(text);
    if (holder === undefined || !isSameProcess(holder)) continue;
    if (!(await isUnchanged(chain))) return false;
    throw heldBy(holder, path);
  }
  return false;
}

function heldBy(holder: ProcessRecord, path: string): GantryError {
  return new GantryError(LOCK_HELD, `process ${holder.pid} holds ${path}`, { details: { pid: holder.pid } });
}

/** Puts the own text in the lock's place, when the chain that ends in it still stands. */
async function replaced(path: string, own: Found, chain: readonly Found[]): Promise<boolean> {
  const claims = chain.slice(1);
  let done = false;
  try {
    if (await isUnchanged(chain)) {
      await rename(own.name, path);
      done = true;
    }
    return done;
  } finally {
    // Those of the dead mean something until the lock has a new text; the own one does not, once it is given up.
    for (const claim of done ? claims : claims.slice(-1)) await rm(claim.name, { force: true });
  }
}

async function isUnchanged(chain: readonly Found[]): Promise<boolean> {
  for (const { name, text } of chain) {
    if ((await textOf(name)) !== text) return false;
  }
  return true;
}

/** False when the name is taken. */
async function linked(existing: string, name: string): Promise<boolean> {
  try {
    await link(existing, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function textOf(name: string): Promise<string | undefined> {
  try {
    return await readFile(name, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string | undefined): ProcessRecord | undefined {
  try {
    const record = JSON.parse(text ?? "null") as Partial<ProcessRecord> | null;
    return typeof record?.pid === "number" && typeof record.start === "string" ? (record as ProcessRecord) : undefined;
  } catch {
    return undefined;
  }
}
