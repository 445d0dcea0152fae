import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";

/**
 * Good results, by what they are results of (see `cacheKey`). Only asked for results are looked up; what cannot be read is as good as
 * missing.
 */
export interface ResultCache {
  get(key: string): Promise<CachedResult | undefined>;
  put(key: string, result: CachedResult): Promise<void>;
  /** What is remembered, the newest first. */
  list(): Promise<readonly CacheEntry[]>;
  /** Forgets those whose keys begin so, or all. Returns how many there were. */
  evict(keys?: readonly string[]): Promise<number>;
}

const cached = z.object({
  /** The function that gave it. */
  verb: z.string(),
  /** The beginning of its text, for people. */
  text: z.string(),
  value: z.custom<JsonObject>((value) => isJsonObject(value as Json)),
  stdout: z.string(),
  stderr: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type CachedResult = z.output<typeof cached>;

export interface CacheEntry extends Pick<CachedResult, "verb" | "text" | "at"> {
  readonly key: string;
  readonly bytes: number;
}

/** Entries kept; the oldest go first. */
const MOST_ENTRIES = 1000;
/** Entries written between two looks at how many there are. */
const LOOK_EVERY = 100;

/** Two calls with the same key do the same. Everything that reaches what is done must be in `parts`. */
export function cacheKey(parts: Json): string {
  return createHash("sha256").update(canonicalJson(parts)).digest("hex");
}

export function openResultCache(folder: string): ResultCache {
  let written = 0;
  async function read(key: string): Promise<CachedResult | undefined> {
    try {
      return cached.parse(JSON.parse(await readFile(join(folder, key), "utf8")));
    } catch {
      return undefined;
    }
  }
  async function keys(): Promise<string[]> {
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  }
  return {
    get: read,
    async put(key, result) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Lists side by side may come to the same result at the same time.
      const draft = join(folder, `${key}.${randomUUID()}`);
      await writeFile(draft, JSON.stringify(result), { mode: 0o600 });
      await rename(draft, join(folder, key));
      written += 1;
      if (written % LOOK_EVERY === 0) await removeOldest(folder);
    },
    async list() {
      const entries: CacheEntry[] = [];
      for (const key of await keys()) {
        const result = await read(key);
        if (result === undefined) continue;
        const { verb, text, at, stdout, stderr } = result;
        entries.push({ key, verb, text, at, bytes: Buffer.byteLength(stdout) + Buffer.byteLength(stderr) });
      }
      return entries.sort((a, b) => b.at - a.at);
    },
    async evict(wanted) {
      const known = await keys();
      const gone = wanted === undefined ? known : known.filter((key) => wanted.some((one) => key.startsWith(one)));
      for (const key of gone) await rm(join(folder, key), { force: true });
      return gone.length;
    },
  };
}

async function removeOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= MOST_ENTRIES) return;
  const found = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs })),
  );
  // Some may have been taken away, or put in their place, meanwhile.
  const files = found.flatMap(({ name, time }) => (time === undefined ? [] : [{ name, time }]));
  files.sort((a, b) => a.time - b.time);
  for (const { name } of files.slice(0, files.length - MOST_ENTRIES)) await rm(join(folder, name), { force: true });
}
