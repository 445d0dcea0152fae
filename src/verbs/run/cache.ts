import { mkdir, readdir, readFile, rm, stat, writeFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/**
 * Results of commands that succeeded, by what they were (see `cacheKey`). Only asked for results are looked up; what cannot be read is
 * as good as missing.
 */
export interface ResultCache {
  get(key: string): Promise<CachedResult | undefined>;
  put(key: string, result: CachedResult): Promise<void>;
}

const cached = z.object({ stdout: z.string(), stderr: z.string(), at: z.number() });
type CachedResult = z.output<typeof cached>;

/** Entries kept; the oldest go first. */
const MOST_ENTRIES = 1000;
/** Entries written between two looks at how many there are. */
const LOOK_EVERY = 100;

export function openResultCache(folder: string): ResultCache {
  let written = 0;
  return {
    async get(key) {
      try {
        return cached.parse(JSON.parse(await readFile(join(folder, key), "utf8")));
      } catch {
        return undefined;
      }
    },
    async put(key, result) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, key);
      await writeFile(`${path}.new`, JSON.stringify(result), { mode: 0o600 });
      await rename(`${path}.new`, path);
      written += 1;
      if (written % LOOK_EVERY === 0) await removeOldest(folder);
    },
  };
}

async function removeOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= MOST_ENTRIES) return;
  const files = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(folder, name))).mtimeMs })),
  );
  files.sort((a, b) => a.time - b.time);
  for (const { name } of files.slice(0, files.length - MOST_ENTRIES)) await rm(join(folder, name), { force: true });
}
