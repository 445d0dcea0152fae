import { lstat, readlink, stat } from "node:fs/promises";
import { ADD_FAILED } from "../errors.ts";
import { holds, textAt, textOf } from "../files.ts";
import { unifiedDiff } from "../diff.ts";
import type { VerbPlan } from "../model.ts";
import { planOwner, type Wanted, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import type { AddParameters } from "./model.ts";
import { smallBytes, type Wish, wishesOf } from "./wishes.ts";

/** Bytes of a file that is compared line by line. */
const COMPARED = 256 * 1024;
/** Characters of all diffs of one ADD. */
const LONGEST = 64 * 1024;

/** Throws `add_failed`, `owner_unknown`, `link_refused`, `template_wrong`. */
export async function planAdd(parameters: AddParameters, context: VerbContext): Promise<VerbPlan> {
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const parts: string[] = [];
  let length = 0;
  let more = 0;
  for (const wish of await wishesOf(parameters, context)) {
    const text = await planned(wish, wanted, context);
    if (text === "") continue;
    length += text.length;
    if (length <= LONGEST) parts.push(text);
    else more += 1;
  }
  if (more > 0) parts.push(`… and ${more} more`);
  return { changed: parts.length > 0, diff: parts.join("\n") };
}

async function planned(wish: Wish, wanted: Wanted, context: VerbContext): Promise<string> {
  const found = await lstat(wish.path).catch(() => undefined);
  if (wish.kind === "link") {
    const same = found?.isSymbolicLink() === true && (await readlink(wish.path)) === wish.target;
    return same ? "" : `${found === undefined ? "+" : "~"} ${wish.path} -> ${wish.target}`;
  }
  if (wish.kind === "folder") {
    if (found === undefined) return `+ ${wish.path}/`;
    return planOwner(wish.path, await stat(wish.path), { ...wanted, mode: undefined }).join("\n");
  }
  const lines = (await holds(wish.path, wish.content, ADD_FAILED)) ? [] : [await difference(wish, context)];
  if (found !== undefined) lines.push(...planOwner(wish.path, found, wanted));
  return lines.join("\n");
}

/** Of text a diff; of anything else, and of what is secret, only that it is another. */
async function difference({ path, content }: Extract<Wish, { kind: "file" }>, context: VerbContext): Promise<string> {
  const before = await stat(path).catch(() => undefined);
  if (context.hiding !== undefined) return before === undefined ? `+ ${path}` : `~ ${path}: other content`;
  const old = await textAt(path, COMPARED);
  const bytes = old === null ? undefined : await smallBytes(content, COMPARED);
  const text = bytes === undefined ? null : textOf(bytes);
  if (old !== null && text !== null) {
    // An empty file has no lines to show.
    return unifiedDiff(path, old, text) || `+ ${path} (empty)`;
  }
  const size = content.size === undefined ? "" : `, ${content.size} bytes`;
  const now = `sha256 ${content.sha256.slice(0, 12)}…${size}`;
  return before === undefined ? `+ ${path} (${now})` : `~ ${path}: ${before.size} bytes to ${now}`;
}
