import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  chmod,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { FOLDER_VARIABLE, LAYOUT, type Release, releaseFolder, releaseName } from "./layout.ts";

/** An agent's folder, as the agent that runs out of it sees it. */
export interface AgentFolder {
  readonly path: string;
  /** That which runs, whatever `current` points to meanwhile. */
  readonly release: string;
  readonly manifest: Release;
}

/** Undefined: this process does not run out of such a folder. */
export async function ownFolder(environment: NodeJS.ProcessEnv, program: string): Promise<AgentFolder | undefined> {
  const path = environment[FOLDER_VARIABLE];
  if (path === undefined || path === "") return undefined;
  const versions = dirname(await realpath(program));
  if (dirname(versions) !== join(await realpath(path), LAYOUT.versions)) return undefined;
  const manifest = JSON.parse(await readFile(join(versions, LAYOUT.manifest), "utf8")) as Release;
  return { path, release: basename(versions), manifest };
}

/** Says that this release has come up: from now on it is not taken back. */
export async function confirmRelease({ path, release }: AgentFolder): Promise<void> {
  const trial = await textOf(join(path, LAYOUT.trial));
  // A newer one may have been put in its place a moment ago.
  if (trial?.split(" ")[0] === release) await rm(join(path, LAYOUT.trial), { force: true });
}

export interface FailedRelease {
  readonly release: string;
  readonly reason: string;
}

/** The release that was tried last and did not come up. */
export async function failedRelease({ path }: AgentFolder): Promise<FailedRelease | undefined> {
  const [, release = "", reason = ""] = /^(\S+) (.*)$/.exec((await textOf(join(path, LAYOUT.failed))) ?? "") ?? [];
  return release === "" ? undefined : { release, reason };
}

/** Where the bytes of a new release come from. Node undefined: that which is there. */
export interface ReleaseSource {
  program(): AsyncIterable<Uint8Array>;
  node?(): AsyncIterable<Uint8Array>;
}

/**
 * Puts a release beside the present one and makes it the next that is started. It is on trial then for so many seconds after its start.
 * A crash in between leaves the present one.
 */
export async function putRelease(
  folder: AgentFolder,
  manifest: Release,
  source: ReleaseSource,
  seconds: number,
): Promise<string> {
  const release = releaseName(manifest);
  const place = releaseFolder(folder.path, release);
  const draft = `${place}.${randomUUID().slice(0, 8)}`;
  await mkdir(draft, { recursive: true, mode: 0o755 });
  try {
    await fill(join(draft, LAYOUT.program), source.program(), manifest.program);
    const node = join(draft, LAYOUT.node);
    if (source.node === undefined) await link(join(releaseFolder(folder.path, folder.release), LAYOUT.node), node);
    else await fill(node, source.node(), manifest.node);
    await chmod(node, 0o755);
    await writeFile(join(draft, LAYOUT.manifest), `${JSON.stringify(manifest)}\n`);
    await rm(place, { recursive: true, force: true });
    await rename(draft, place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await rm(join(folder.path, LAYOUT.failed), { force: true });
  await point(folder.path, LAYOUT.previous, folder.release);
  await writeFile(join(folder.path, LAYOUT.trial), `${release} ${Math.ceil(seconds)}\n`);
  await point(folder.path, LAYOUT.current, release);
  await removeOthers(folder.path, [release, folder.release]);
  return release;
}

async function fill(path: string, bytes: AsyncIterable<Uint8Array>, sha256: string): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    const hash = createHash("sha256");
    for await (const piece of bytes) {
      hash.update(piece);
      await file.write(piece);
    }
    if (hash.digest("hex") !== sha256) throw new Error(`${basename(path)} is not what it should be`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A link in one step: whoever starts the agent meanwhile finds the old or the new one. */
async function point(folder: string, name: string, release: string): Promise<void> {
  const path = join(folder, name);
  const target = join(LAYOUT.versions, release);
  if ((await readlink(path).catch(() => undefined)) === target) return;
  const draft = `${path}.${randomUUID().slice(0, 8)}`;
  await symlink(target, draft);
  await rename(draft, path);
}

async function removeOthers(folder: string, kept: readonly string[]): Promise<void> {
  const versions = join(folder, LAYOUT.versions);
  for (const name of await readdir(versions))
    if (!kept.includes(name)) await rm(join(versions, name), { recursive: true, force: true });
}

async function textOf(path: string): Promise<string | undefined> {
  return (await readFile(path, "utf8").catch(() => undefined))?.trim();
}

/** SHA-256 of a file, hexadecimal. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
