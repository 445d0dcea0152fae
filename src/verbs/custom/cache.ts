import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { ensurePrivateFolder, writePrivateFile } from "../../platform/files/index.ts";
import { chmod } from "node:fs/promises";
import { CUSTOM_VERB_REFUSED } from "./errors.ts";
import { openPackage, sha256Of, type TrustedSigner, type VerbFile } from "./package.ts";

/** Verbs of one's own on a node: packages by their hash, and the file of each beside it. Both are checked before each use. */

export interface VerbCache {
  /** Absolute path of the verb's file, and what it is. Throws `custom_verb_refused`. */
  open(sha256: string, fetch: () => AsyncIterable<Uint8Array>, trust: TrustedSigner): Promise<OpenedVerb>;
}

export interface OpenedVerb extends Omit<VerbFile, "bytes"> {
  readonly path: string;
}

/** Bytes of a package. */
const PACKAGE_LIMIT = 64 * 1024 * 1024;

export function openVerbCache(folder: string): VerbCache {
  /** What is done about one package is done in turn. */
  const turns = new Map<string, Promise<unknown>>();

  async function open(
    sha256: string,
    fetch: () => AsyncIterable<Uint8Array>,
    trust: TrustedSigner,
  ): Promise<OpenedVerb> {
    const place = join(folder, sha256);
    // No verb has a file of this name.
    const packagePath = join(place, ".package");
    const bytes = (await readFile(packagePath).catch(() => undefined)) ?? (await fetched(place, packagePath, fetch));
    if (sha256Of(bytes) !== sha256) throw await refused(place, `the package ${packagePath} was changed on this node`);
    const verb = openPackage(bytes, trust);
    if (typeof verb === "string")
      throw await refused(place, `the package ${packagePath} is not to be trusted: ${verb}`);
    const path = join(place, verb.file);
    const there = await readFile(path).catch(() => undefined);
    if (there === undefined) await unpack(path, verb);
    else if (sha256Of(there) !== sha256Of(verb.bytes))
      throw await refused(place, `the file ${path} was changed on this node`);
    return { manifest: verb.manifest, file: verb.file, kind: verb.kind, path };
  }

  /** What is not as it was signed is put aside, for whoever wants to see it; the next use fetches it anew. */
  async function refused(place: string, why: string): Promise<GantryError> {
    await rm(`${place}.refused`, { recursive: true, force: true });
    await rename(place, `${place}.refused`).catch(() => undefined);
    return new GantryError(CUSTOM_VERB_REFUSED, `${why}; it is kept as ${place}.refused`);
  }

  return {
    open(sha256, fetch, trust) {
      const mine = (turns.get(sha256) ?? Promise.resolve()).then(
        () => open(sha256, fetch, trust),
        () => open(sha256, fetch, trust),
      );
      turns.set(sha256, mine);
      void mine.catch(() => undefined).finally(() => turns.get(sha256) === mine && turns.delete(sha256));
      return mine;
    },
  };
}

async function fetched(place: string, path: string, fetch: () => AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of fetch()) {
    size += piece.length;
    if (size > PACKAGE_LIMIT)
      throw new GantryError(CUSTOM_VERB_REFUSED, `a package of more than ${PACKAGE_LIMIT} bytes`);
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  await mkdir(place, { recursive: true, mode: 0o700 });
  await ensurePrivateFolder(place);
  await writePrivateFile(path, bytes);
  return bytes;
}

async function unpack(path: string, verb: VerbFile): Promise<void> {
  const made = `${path}.new`;
  await writePrivateFile(made, verb.bytes);
  await chmod(made, 0o700);
  await rename(made, path);
}
