import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isInnerPath } from "./ansible-names.ts";
import { RECORD_FILE, SECRETS_FILE } from "./ansible-render.ts";
import { EXPORT_FOLDER_OCCUPIED, EXPORT_UNREADABLE } from "./errors.ts";

/** Bundles on disk. What was there is replaced when the new one is whole. */

export interface PlaceOptions {
  /** Whether what no export has made may be replaced. */
  readonly force: boolean;
}

/** What an export puts into a folder. Anything else there (playbooks, roles) is somebody's own and stays. */
const OWN: readonly string[] = ["ansible.cfg", RECORD_FILE, SECRETS_FILE, "hosts", "files"];

/** Errors: `export_folder_occupied`. */
export async function checkPlace(path: string, kind: "file" | "folder", { force }: PlaceOptions): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (kind === "folder" ? !found.isDirectory() : !found.isFile())
    throw new GantryError(EXPORT_FOLDER_OCCUPIED, `'${path}' is there and is no ${kind}`);
  if (force) return;
  const names = kind === "folder" ? await readdir(path) : [];
  if (kind === "file" || (names.length > 0 && !names.includes(RECORD_FILE)))
    throw new GantryError(
      EXPORT_FOLDER_OCCUPIED,
      `'${path}' is there, and ${kind === "file" ? "would be replaced" : "no export has made it"}`,
    );
}

/** Writes a file. Errors: `export_folder_occupied`. */
export async function placeFile(
  content: AsyncIterable<Uint8Array>,
  path: string,
  options: PlaceOptions,
): Promise<void> {
  await checkPlace(path, "file", options);
  await beside(path, async (folder) => {
    const made = join(folder, "bundle");
    await pipeline(content, createWriteStream(made));
    await rename(made, path);
  });
}

/**
 * Unpacks a `.tgz` into a folder; with `each`, one of bundles, each into a folder of its own.
 *
 * Errors: `export_folder_occupied`, `export_unreadable`.
 */
export async function placeFolder(
  content: AsyncIterable<Uint8Array>,
  path: string,
  options: PlaceOptions & { readonly each: boolean },
): Promise<void> {
  await checkPlace(path, "folder", options);
  await beside(path, async (made) => {
    await unpack(content, made, options.each);
    await mkdir(path, { recursive: true });
    const names = await readdir(made);
    for (const name of await readdir(path)) {
      if (names.includes(name) || OWN.includes(name) || (options.each && (await isBundle(join(path, name)))))
        await rm(join(path, name), { recursive: true });
    }
    for (const name of names) await rename(join(made, name), join(path, name));
  });
}

async function isBundle(path: string): Promise<boolean> {
  return stat(join(path, RECORD_FILE)).then(
    () => true,
    () => false,
  );
}

/** Works in a folder on the same disk, which is gone afterwards. */
async function beside(path: string, work: (folder: string) => Promise<void>): Promise<void> {
  const parent = dirname(resolve(path));
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, ".gantry-export-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(content: AsyncIterable<Uint8Array>, folder: string, each: boolean): Promise<void> {
  const archive = extract();
  const reading = (async () => {
    const known = new Set<string>();
    for await (const entry of archive) {
      const { name, type, mode = 0o644 } = entry.header;
      const path = name.replace(/\/$/, "");
      // Our own bundles hold nothing else; what comes over a network may.
      if ((type !== "file" && type !== "directory") || !isBundlePath(path))
        throw new GantryError(EXPORT_UNREADABLE, `the bundle holds '${name.slice(0, 80)}', which is not taken`);
      const target = join(folder, type === "directory" ? path : dirname(path));
      if (!known.has(target)) await openFolder(target);
      known.add(target);
      if (type === "directory") entry.resume();
      else if (each && path.endsWith(".tgz"))
        await unpack(entry as unknown as AsyncIterable<Uint8Array>, join(folder, path.slice(0, -".tgz".length)), false);
      else
        await pipeline(
          entry as unknown as Readable,
          createWriteStream(join(folder, path), { mode: mode & 0o755, flags: "wx" }),
        );
    }
  })();
  const source = Readable.from(content, { objectMode: false });
  try {
    await mkdir(folder, { recursive: true });
    await Promise.all([reading, pipeline(source, createGunzip(), archive as unknown as NodeJS.WritableStream)]);
  } catch (error) {
    archive.destroy();
    source.destroy();
    await reading.catch(() => {});
    if (error instanceof GantryError) throw error;
    throw new GantryError(EXPORT_UNREADABLE, `the bundle cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
}

/** Longer than what variables may name: hosts are among them. */
function isBundlePath(path: string): boolean {
  return path.split("/").every(isInnerPath);
}

/** Whatever the user's mask says, others cannot write to it: Ansible passes over a configuration that they could have changed. */
async function openFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}
