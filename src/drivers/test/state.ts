import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Changing } from "./model.ts";

/** What is pretended of one foundation. */
export interface Pretended {
  readonly name: string;
  readonly exists: boolean;
  readonly power: "on" | "off";
  /** Calls so far, by function: the next one has other luck. */
  readonly calls: Readonly<Partial<Record<Changing, number>>>;
}

const pretended: z.ZodType<Pretended> = z.object({
  name: z.string(),
  exists: z.boolean(),
  power: z.enum(["on", "off"]),
  calls: z.partialRecord(z.enum(["create", "destroy", "power_on", "power_off"]), z.int()),
});

/** A file that is damaged or gone means that nothing is there: it is pretended, after all. */
export async function readPretended(folder: string, id: string): Promise<Pretended | undefined> {
  try {
    return pretended.safeParse(JSON.parse(await readFile(join(folder, `${id}.json`), "utf8"))).data;
  } catch {
    return undefined;
  }
}

export async function writePretended(folder: string, id: string, state: Pretended): Promise<void> {
  const path = join(folder, `${id}.json`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Another worker on the same folder may write at the same time.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

export async function removePretended(folder: string, id: string): Promise<void> {
  // With what a worker left that was killed while it wrote.
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(`${id}.json`)) await rm(join(folder, name), { force: true });
}
