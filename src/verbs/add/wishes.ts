import { stat } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { ADD_FAILED } from "../errors.ts";
import { contentOf, type FileContent, NEW_FILE_MODE, SECRET_FILE_MODE, textOf } from "../files.ts";
import { safePath } from "../safe-path.ts";
import { LONGEST_TEMPLATE, renderFile } from "../template-file.ts";
import type { VerbContext } from "../verb.ts";
import { type AddedFile, type AddParameters, needsFolder } from "./model.ts";

/** What an ADD wants to be on the node, with every path found out, and templates filled in. */

export type Wish =
  | { readonly kind: "file"; readonly path: string; readonly content: FileContent; readonly newMode: number }
  | { readonly kind: "folder"; readonly path: string; readonly newMode: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** Folders before what is in them. Throws `add_failed`, `link_refused`, `template_wrong`. */
export async function wishesOf(parameters: AddParameters, context: VerbContext): Promise<readonly Wish[]> {
  const { files, text, sha256 } = parameters;
  if ([files, text, sha256].filter((one) => one !== undefined).length !== 1)
    throw new GantryError(ADD_FAILED, "it needs either files, sha256 or text as its content");
  const secret = context.hiding !== undefined;
  if (files === undefined) {
    const path = await singlePath(parameters, parameters.name, context);
    const content = text === undefined ? fetched(context, sha256 ?? "", undefined) : contentOf(Buffer.from(text));
    const newMode = secret ? SECRET_FILE_MODE : NEW_FILE_MODE;
    return [
      { kind: "file", path, content: await filled(parameters, parameters.name ?? path, content, context), newMode },
    ];
  }
  if (!needsFolder(files)) {
    const [one] = files as [AddedFile];
    return [await fileWish(parameters, one, await singlePath(parameters, one.name, context), context)];
  }
  const wishes: Wish[] = [];
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const folders = [...sorted.filter(({ folder }) => folder), ...sorted.filter(({ folder }) => folder !== true)];
  for (const one of folders) {
    const path = join(context.path(parameters.to), one.name);
    if (one.link !== undefined) wishes.push({ kind: "link", path: await linkPath(path), target: one.link });
    else if (one.folder === true)
      wishes.push({ kind: "folder", path: await safePath(path), newMode: octal(one.mode, 0o755) });
    else wishes.push(await fileWish(parameters, one, await safePath(path), context));
  }
  return wishes;
}

async function fileWish(parameters: AddParameters, one: AddedFile, path: string, context: VerbContext): Promise<Wish> {
  const content = await filled(parameters, one.name, fetched(context, one.sha256 ?? "", one.size), context);
  const newMode = context.hiding === undefined ? octal(one.mode, NEW_FILE_MODE) : SECRET_FILE_MODE;
  return { kind: "file", path, content, newMode };
}

/** Rights that are lent (set-user-id and the like) are not taken along. */
function octal(mode: string | undefined, otherwise: number): number {
  return mode === undefined ? otherwise : Number.parseInt(mode, 8) & 0o777;
}

function fetched(context: VerbContext, sha256: string, size: number | undefined): FileContent {
  return { sha256, size, distant: true, read: (from) => context.content(sha256, from, size) };
}

/** A link is replaced, and not followed; those on the way to it are. */
async function linkPath(path: string): Promise<string> {
  const cut = path.lastIndexOf("/");
  return join(await safePath(path.slice(0, cut) || "/"), path.slice(cut + 1));
}

/** Of one file: `to` itself, or in it when it is a folder. A link is followed: what it points to is replaced, not the link. */
async function singlePath({ to }: AddParameters, name: string | undefined, context: VerbContext): Promise<string> {
  const path = await safePath(context.path(to));
  const found = await stat(path).catch(() => undefined);
  if (!to.endsWith("/") && found?.isDirectory() !== true) return path;
  if (name === undefined) throw new GantryError(ADD_FAILED, `${path} is a folder, and the file has no name of its own`);
  return safePath(join(path, name));
}

async function filled(
  { blueprint }: AddParameters,
  name: string,
  content: FileContent,
  context: VerbContext,
): Promise<FileContent> {
  if (blueprint !== true) return content;
  return contentOf(Buffer.from(await renderFile(name, await templateText(name, content), await context.values())));
}

async function templateText(name: string, content: FileContent): Promise<string> {
  const text = textOf((await smallBytes(content, LONGEST_TEMPLATE)) ?? Buffer.alloc(1));
  if (text === null)
    throw new GantryError(
      ADD_FAILED,
      `${name} is no template: it is no text, or longer than ${LONGEST_TEMPLATE} bytes`,
    );
  return text;
}

/** All bytes; undefined when there are more than `longest`. */
export async function smallBytes(content: FileContent, longest: number): Promise<Buffer | undefined> {
  if (content.size !== undefined && content.size > longest) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of content.read(0)) {
    size += piece.length;
    if (size > longest) return undefined;
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}
