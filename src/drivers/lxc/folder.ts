import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import { containerName } from "../agent-place.ts";
import type { Target } from "../driver.ts";
import { LXC_NAME_TAKEN } from "./errors.ts";
import { type ContainerRecord, placesIn, type Places } from "./model.ts";

/**
 * The folders of containers. One is made under another name and renamed when it is complete, and renamed before it is removed: under its own
 * name it is whole or not there, whenever the worker dies.
 */

const addressed = z.object({ address: z.string(), prefix: z.int() });
const texts = z.array(z.string());
const recordSchema: z.ZodType<ContainerRecord> = z.object({
  id: z.string(),
  made: z.string(),
  template: z.string().nullable(),
  runtime: z.string().nullable(),
  program: texts,
  networks: z.array(z.object({ name: z.string(), subnet: texts, gateway: texts, address: texts, nat: z.boolean() })),
  interfaces: z.array(
    z.object({
      network: z.string(),
      device: z.string(),
      mac: z.string(),
      addresses: z.array(addressed),
      gateways: texts,
    }),
  ),
});

/** Of one worker, below its data folder. */
export interface Folders {
  /** What LXC calls its path: a folder for each container. */
  readonly containers: string;
  readonly templates: string;
  readonly runtimes: string;
  readonly bridges: string;
  readonly probes: string;
}

export function foldersIn(root: string): Folders {
  return {
    containers: join(root, "containers"),
    templates: join(root, "templates"),
    runtimes: join(root, "runtimes"),
    bridges: join(root, "bridges"),
    probes: join(root, "probes"),
  };
}

export function placesOf({ containers }: Folders, { name, id }: Pick<Target, "name" | "id">): Places {
  return placesIn(join(containers, containerName(name, id)));
}

/** Where a container is while it is made. */
export function draftOf({ containers }: Folders, id: string): Places {
  return placesIn(join(containers, `.new-${id}`));
}

/** The container of this foundation, as it was written down. */
export async function findContainer(
  folders: Folders,
  target: Pick<Target, "name" | "id">,
): Promise<ContainerRecord | undefined> {
  const found = await readJson(placesOf(folders, target).record, recordSchema);
  return found?.id === target.id ? found : undefined;
}

/** Throws `lxc_name_taken` when the folder is somebody else's. */
export async function checkFree(folders: Folders, target: Pick<Target, "name" | "id">): Promise<void> {
  const { folder, record } = placesOf(folders, target);
  if ((await namesIn(folder)) === undefined) return;
  const found = await readJson(record, recordSchema);
  const whose = found === undefined ? "is not Gantry's" : `belongs to foundation ${found.id}`;
  throw new GantryError(LXC_NAME_TAKEN, `${folder} ${whose}`);
}

/** Removes the folder, and what is left of an earlier attempt. */
export async function removeContainer(
  folders: Folders,
  target: Pick<Target, "name" | "id">,
  owned: boolean,
): Promise<void> {
  const leaving = join(folders.containers, `.old-${target.id}`);
  await removeTree(leaving);
  if (owned) await rename(placesOf(folders, target).folder, leaving);
  await removeTree(leaving);
  await removeTree(draftOf(folders, target.id).folder);
}

/** Everything that is written down, also of containers that are being made or removed. */
export async function allContainers({ containers }: Folders): Promise<readonly ContainerRecord[]> {
  const names = (await namesIn(containers)) ?? [];
  const records = await Promise.all(
    names.map((name) => readJson(placesIn(join(containers, name)).record, recordSchema)),
  );
  return records.filter((record) => record !== undefined);
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** A JSON file of ours; undefined when it is missing or not what it should be. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The names in a folder; undefined when there is no such folder. */
export async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

export function removeTree(path: string): Promise<void> {
  // A program that outlives its killed worker may still write there for a moment.
  return rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
