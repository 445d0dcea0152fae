import { mkdtemp, mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { GantryError } from "../kernel/errors.ts";
import { IMPORT_FILE, IMPORT_FORMAT_UNKNOWN, IMPORT_TOO_LARGE } from "./errors.ts";
import { readArchive, type ArchiveFile } from "./import-archive.ts";
import { MOST_CHARACTERS, MOST_FILES } from "./import-body.ts";
import { guessFormat, isJsonText } from "./import-format.ts";
import { listAnsible } from "./import-listing.ts";
import type { ImportFormat, SourceFile } from "./import-model.ts";
import { plainName } from "./import-rows.ts";
import { decodeText } from "./import-text.ts";

/** A source read from disk: what is sent to the server. */
export interface LoadedSource {
  readonly format: ImportFormat;
  readonly files: readonly SourceFile[];
  /** What the import is called when nobody says it. */
  readonly name: string;
}

/**
 * Reads a file, a folder or a `.tgz`. An Ansible inventory that is not JSON is read by `ansible-inventory`, which may run its scripts; those
 * of an archive are never run.
 *
 * Errors: `import_file`, `import_not_text`, `import_too_large`, `import_format_unknown`, `ansible_missing`, `ansible_failed`.
 */
export async function loadSource(path: string, format?: ImportFormat): Promise<LoadedSource> {
  const state = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  const name = nameOf(path);
  if (state.isDirectory()) return { name, ...(await loadFolder(path, format)) };
  if (!state.isFile()) throw new GantryError(IMPORT_FILE, `'${path}' is neither a file nor a folder`);
  if (/\.(tgz|tar\.gz|tar)$/i.test(path)) return { name, ...(await loadArchive(path, format)) };
  const runs = (state.mode & 0o111) !== 0;
  if (runs && (format === "ansible" || format === undefined) && (await beginsWith(path, "#!")))
    return { name, ...(await ansible(path)) };
  const files = [await readText(path, path)];
  const found = format ?? guessFormat(files);
  if (found === undefined || (found === "ansible" && !files.every(({ text }) => isJsonText(text))))
    return { name, ...(await ansible(path)) };
  return { name, format: found, files };
}

type Found = Omit<LoadedSource, "name">;

async function ansible(path: string): Promise<Found> {
  return { format: "ansible", files: [{ path, text: await listAnsible(path) }] };
}

/** Files that make a folder one of a format, by name. */
const TELLING: readonly (readonly [RegExp, ImportFormat])[] = [
  [/^.*openstack_inventory\.json$/, "osa"],
  [/^.*openstack_user_config\.ya?ml$/, "osa-config"],
];

/** A folder: what it is called in OpenStack-Ansible, tables, exports of NetBox; else it is for Ansible. */
async function loadFolder(folder: string, format: ImportFormat | undefined): Promise<Found> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(folder, error);
  });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
  const chosen = chooseFiles(names, format);
  if (chosen === undefined) return ansible(await inventoryIn(folder, names));
  if (chosen.names.length === 0) throw nothingIn(folder, chosen.format);
  if (chosen.names.length > MOST_FILES)
    throw new GantryError(IMPORT_TOO_LARGE, `'${folder}' holds ${chosen.names.length} files`);
  const files: SourceFile[] = [];
  let size = 0;
  for (const name of chosen.names) {
    const file = await readText(join(folder, name), join(folder, name));
    size += file.text.length;
    if (size > MOST_CHARACTERS)
      throw new GantryError(IMPORT_TOO_LARGE, `'${folder}' holds more than ${MOST_CHARACTERS} characters`);
    files.push(file);
  }
  return { format: chosen.format, files };
}

/** The files of a folder that a format reads; undefined when they are for Ansible. */
function chooseFiles(
  names: readonly string[],
  format: ImportFormat | undefined,
): { readonly format: ImportFormat; readonly names: readonly string[] } | undefined {
  for (const [pattern, telling] of TELLING) {
    const found = names.filter((name) => pattern.test(name));
    if (format === telling || (format === undefined && found.length > 0))
      return { format: telling, names: found.slice(0, 1) };
  }
  const tables = names.filter((name) => /\.csv$/i.test(name));
  if (format === "csv" || (format === undefined && tables.length > 0)) return { format: "csv", names: tables };
  const exports = names.filter((name) => /\.json$/i.test(name));
  const known = exports.filter((name) =>
    /^(devices|virtual[-_]machines|sites|prefixes|ip[-_]addresses)\.json$/i.test(name),
  );
  if (format === "netbox" || (format === undefined && known.length > 0)) return { format: "netbox", names: exports };
  return undefined;
}

/** A folder made for Ansible holds its inventory beside other things. */
async function inventoryIn(folder: string, names: readonly string[]): Promise<string> {
  if (!names.includes("ansible.cfg")) return folder;
  for (const name of ["hosts", "inventory", "hosts.yml", "inventory.yml"]) {
    const path = join(folder, name);
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return folder;
}

/** Of an archive everything is text in memory, but for Ansible, which reads folders: it gets one, without anything it could run. */
async function loadArchive(path: string, format: ImportFormat | undefined): Promise<Found> {
  const all = await readArchive(path);
  const top = commonFolder(all);
  const inside = all.map(({ path: name, bytes }) => ({ name: name.slice(top.length), path: name, bytes }));
  const chosen = chooseFiles(
    inside.map(({ name }) => name).filter((name) => !name.includes("/")),
    format,
  );
  if (chosen !== undefined) {
    const files = inside.filter(({ name }) => chosen.names.includes(name));
    if (files.length === 0) throw nothingIn(path, chosen.format);
    return {
      format: chosen.format,
      files: files.map((file) => ({
        path: `${path}/${file.path}`,
        text: decodeText(file.bytes, `${path}/${file.path}`),
      })),
    };
  }
  const folder = await mkdtemp(join(tmpdir(), "gantry-import-"));
  try {
    for (const { name, bytes } of inside) {
      await mkdir(join(folder, dirname(name)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, name), bytes, { mode: 0o600, flag: "wx" });
    }
    const names = inside.map(({ name }) => name).filter((name) => !name.includes("/"));
    const listed = await listAnsible(await inventoryIn(folder, names), { shownAs: path });
    return { format: "ansible", files: [{ path, text: listed }] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Archives often hold one folder that holds everything. */
function commonFolder(files: readonly ArchiveFile[]): string {
  const [first] = files;
  const top = first?.path.includes("/") === true ? `${first.path.split("/")[0]}/` : "";
  return top !== "" && files.every(({ path }) => path.startsWith(top)) ? top : "";
}

function nothingIn(path: string, format: ImportFormat): GantryError {
  return new GantryError(IMPORT_FORMAT_UNKNOWN, `'${path}' holds no file of the format ${format}`);
}

async function readText(path: string, shown: string): Promise<SourceFile> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  try {
    const { size } = await file.stat();
    if (size > MOST_CHARACTERS)
      throw new GantryError(IMPORT_TOO_LARGE, `'${path}' has ${size} bytes, and at most ${MOST_CHARACTERS} are read`);
    return { path: shown, text: decodeText(await file.readFile(), shown) };
  } finally {
    await file.close();
  }
}

async function beginsWith(path: string, text: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(text.length), 0, text.length, 0);
    return buffer.subarray(0, bytesRead).toString("latin1") === text;
  } finally {
    await file.close();
  }
}

/** `eng-iad3-2.openstack_inventory.json` is `eng-iad3-2`. */
function nameOf(path: string): string {
  const [first = ""] = basename(resolve(path))
    .replace(/[._-]?openstack_(inventory|user_config)\.(json|ya?ml)$/, "")
    .split(".");
  return plainName(first === "" ? "openstack" : first);
}

function unreadable(path: string, error: NodeJS.ErrnoException): GantryError {
  const why =
    error.code === "ENOENT"
      ? "is not there"
      : error.code === "EACCES"
        ? "may not be read"
        : `cannot be read: ${error.message}`;
  return new GantryError(IMPORT_FILE, `'${path}' ${why}`, { cause: error });
}
