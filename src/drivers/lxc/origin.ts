import { createHash } from "node:crypto";
import { createWriteStream, readdirSync, readFileSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { endProcesses } from "../../executor/index.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { ownProcess } from "../../platform/files/index.ts";
import { COMPILE_CACHE, RUNTIME } from "../agent-place.ts";
import { whatImageLacks } from "../diagnose.ts";
import type { LxcAttributes } from "./attributes.ts";
import { LXC_ROOTFS_INVALID, LXC_ROOTFS_UNFIT } from "./errors.ts";
import { type Folders, makeFolder, namesIn, removeTree } from "./folder.ts";
import { failed, plainLog, run, type Under } from "./programs.ts";

/** What containers are laid over: a tarball, unpacked once for all of them, or a folder or another container as it is. */

export interface Origin {
  /** For messages. */
  readonly title: string;
  /** Name of the unpacked tarball; null: it is not ours. */
  readonly template: string | null;
  /** Path of the root file system, once it is unpacked. */
  readonly lower: string;
  /** Tarball to unpack. */
  readonly archive?: string;
}

/** What a container is to be made from. Unpacks nothing. Throws `lxc_rootfs_invalid`. */
export async function findOrigin(folders: Folders, attributes: LxcAttributes, under: Under): Promise<Origin> {
  const { rootfs, content, template } = attributes;
  if (template !== undefined) return containerOrigin(template, attributes.lxc_path, under);
  if (content !== undefined) return unpacked(folders, `content ${content}`, content);
  const path = rootfs ?? "/";
  const found = await stat(path).catch((error: unknown) => {
    throw new GantryError(LXC_ROOTFS_INVALID, `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  });
  if (found.isDirectory()) return { title: path, template: null, lower: path };
  const version = createHash("sha256").update(`${path}\n${found.size}\n${found.mtimeMs}`).digest("hex");
  return { ...unpacked(folders, path, version), archive: path };
}

function unpacked({ templates }: Folders, title: string, version: string): Origin {
  const template = version.slice(0, 32);
  return { title, template, lower: join(templates, template, "rootfs") };
}

async function containerOrigin(name: string, path: string, under: Under): Promise<Origin> {
  const title = `container ${name} in ${path}`;
  const words = ["-P", path, "-n", name, "-s", "-H", "-c", "lxc.rootfs.path"];
  const { code, stdout: out, stderr: error } = await run("lxc-info", words, under);
  if (code !== 0) throw new GantryError(LXC_ROOTFS_INVALID, `there is no ${title}: ${(error || out).trim()}`);
  const state = /^(?:State:\s+)?([A-Z]+)$/m.exec(out)?.[1] ?? "";
  const lower = /^(?:lxc\.rootfs\.path = )?(?:dir:)?(\/[^:\n]*)$/m.exec(out)?.[1];
  if (state !== "STOPPED")
    throw new GantryError(LXC_ROOTFS_INVALID, `${title} is ${state}: a template must be stopped`);
  if (lower === undefined) {
    throw new GantryError(LXC_ROOTFS_INVALID, `the root file system of ${title} is no folder: ${out.trim()}`);
  }
  return { title, template: null, lower };
}

/** Unpacks the tarball, unless it has been. Throws `lxc_rootfs_invalid`. */
export async function ensureUnpacked(
  folders: Folders,
  origin: Origin,
  content: string | undefined,
  context: FunctionContext,
): Promise<void> {
  if (origin.template === null || (await isFolder(origin.lower))) return;
  context.message(`unpacking ${origin.title}`);
  // Another worker may do the same at this moment: each has a draft of its own, and the first one counts.
  const draft = join(folders.templates, `.new-${origin.template}-${ownProcess().pid}`);
  const root = join(draft, "rootfs");
  try {
    await removeTree(draft);
    await makeFolder(root);
    let archive = origin.archive;
    if (archive === undefined) {
      archive = join(draft, "archive");
      await pipeline(Readable.from(copies(context.content(content ?? ""))), createWriteStream(archive), {
        signal: context.signal,
      });
    }
    const words = [
      "--extract",
      "--numeric-owner",
      "--xattrs",
      "--xattrs-include=*",
      `--file=${archive}`,
      `--directory=${root}`,
    ];
    const { code, stderr: error } = await run("tar", words, context);
    if (code !== 0) {
      const said = error.trim().split("\n").slice(-5).join("\n");
      throw new GantryError(LXC_ROOTFS_INVALID, `cannot unpack ${origin.title}:\n${said}`);
    }
    if (archive !== origin.archive) await removeTree(archive);
    await rename(draft, join(folders.templates, origin.template)).catch(async (error: unknown) => {
      if (!(await isFolder(origin.lower))) throw error;
    });
  } finally {
    await removeTree(draft);
  }
}

/**
 * Sees to it that Node runs on a root file system, and that the agent has been compiled: called without arguments it only complains, and Node
 * keeps what it compiled beside it, for all containers. Throws `lxc_rootfs_unfit`.
 */
export async function tryRuntime(
  folders: Folders,
  origin: Origin,
  runtime: string,
  context: Pick<FunctionContext, "clock" | "signal" | "key">,
): Promise<void> {
  const what = createHash("sha256").update(`${origin.lower} ${runtime} ${context.key}`).digest("hex").slice(0, 16);
  const name = `${what}-${ownProcess().pid}`;
  const folder = join(folders.probes, name);
  try {
    await removeTree(folder);
    await makeFolder(join(folder, "upper"));
    const config = [
      `lxc.rootfs.path = overlay:${origin.lower}:${join(folder, "upper")}`,
      "lxc.net.0.type = empty",
      "lxc.mount.auto = proc:mixed",
      `lxc.mount.entry = ${runtime} ${RUNTIME.folder.slice(1)} none bind,rw,create=dir 0 0`,
      `lxc.environment = ${COMPILE_CACHE}`,
    ];
    await writeFile(join(folder, "config"), `${config.join("\n")}\n`);
    const log = join(folder, "log");
    const start = ["-P", folders.probes, "-n", name, "-l", "ERROR", "-o", log];
    const words = [...start, "--", RUNTIME.node, "--version"];
    const ended = await run("lxc-execute", words, context);
    if (ended.code === 0) await run("lxc-execute", [...start, "--", RUNTIME.node, RUNTIME.bundle], context);
    const { code, stdout, stderr } = ended;
    const said = plainLog(await readFile(log, "utf8").catch(() => ""));
    if (code !== 0 && said !== "") throw failed(`try Node on ${origin.title}`, "lxc-execute", ended, said);
    const output = `${stdout}\n${stderr}`.trim();
    // LXC's init says nothing when the kernel does not find the loader that a program names.
    const silent = code === 255 && output === "";
    const lacks = whatImageLacks({ exitCode: code ?? 255, output: silent ? "no such file or directory" : output });
    if (lacks !== undefined) throw new GantryError(LXC_ROOTFS_UNFIT, `${origin.title} ${lacks}`);
  } finally {
    await removeTree(folder);
  }
}

/** Ends and removes what workers that died were trying. */
export async function removeProbes({ probes }: Folders, under: Under): Promise<void> {
  for (const name of (await namesIn(probes)) ?? []) {
    const pid = /-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && (await isFolder(`/proc/${pid}`))) continue;
    await run("lxc-stop", ["-P", probes, "-n", name, "-k"], under);
    // One that had only just begun does not hear of that.
    await endProcesses(() => programsWith([probes, name]), { patience: 0 });
    await removeTree(join(probes, name));
  }
}

/** Processes that were started with all of these words. */
function programsWith(words: readonly string[]): number[] {
  const own = ownProcess().pid;
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === own) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words.every((word) => line.includes(word)) ? [Number(pid)] : [];
    } catch {
      // It has just ended.
      return [];
    }
  });
}

/** Removes unpacked tarballs and drafts of workers that died. */
export async function removeTemplates({ templates }: Folders, used: ReadonlySet<string>): Promise<void> {
  for (const name of (await namesIn(templates)) ?? []) {
    const pid = /^\.new-.*-(\d+)$/.exec(name)?.[1];
    if (pid === undefined ? used.has(name) : await isFolder(`/proc/${pid}`)) continue;
    // Under its own name it is whole or not there.
    const leaving = pid === undefined ? join(templates, `.new-${name}-${ownProcess().pid}`) : join(templates, name);
    if (pid === undefined) await rename(join(templates, name), leaving);
    await removeTree(leaving);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A stream reads ahead, and what comes is good only until then. */
async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) yield Uint8Array.from(piece);
}
