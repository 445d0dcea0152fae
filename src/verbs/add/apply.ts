import { randomUUID } from "node:crypto";
import { lstat, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { ADD_FAILED } from "../errors.ts";
import { placeFile } from "../files.ts";
import { inHeldFolder, inMadeFolder } from "../held-folder.ts";
import type { VerbResult } from "../model.ts";
import { applyOwner, type Wanted, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import type { AddParameters } from "./model.ts";
import { type Wish, wishesOf } from "./wishes.ts";

/** Files a result names one by one. */
const NAMED = 1000;

/**
 * All of it, or an error that says how far it came. Throws `add_failed`, `owner_unknown`, `link_refused`, `template_wrong`, and
 * `content_unavailable` when what arrives is not what the hash says.
 */
export async function applyAdd(parameters: AddParameters, context: VerbContext): Promise<VerbResult> {
  const wanted = await wantedOwner(parameters.chown, parameters.chmod);
  const wishes = await wishesOf(parameters, context);
  const said: JsonObject[] = [];
  for (const [index, wish] of wishes.entries()) {
    context.signal.throwIfAborted();
    try {
      said.push(resultOf(wish, await fulfil(wish, wanted, context), context));
    } catch (error) {
      if (wishes.length === 1 || context.signal.aborted || !(error instanceof GantryError)) throw error;
      throw new GantryError(error.kind, `${error.message} (${index} of ${wishes.length} are in their place)`, {
        details: error.details,
        hint: error.hint,
        cause: error,
      });
    }
  }
  const changed = said.some((one) => one["changed"] === true);
  const [only] = said;
  if (parameters.files === undefined && only !== undefined) return { ...only, changed };
  return { changed, count: said.length, files: said.slice(0, NAMED) };
}

function resultOf(wish: Wish, changed: boolean, context: VerbContext): JsonObject {
  // By the hash of a file that is otherwise known, a short secret in it could be guessed.
  const hash = wish.kind === "file" && context.hiding === undefined ? { sha256: wish.content.sha256 } : {};
  return { path: wish.path, ...hash, changed };
}

async function fulfil(wish: Wish, wanted: Wanted, context: VerbContext): Promise<boolean> {
  if (wish.kind === "file") return placeFile(context, { ...wish, wanted, failure: ADD_FAILED });
  const owner = { ...wanted, mode: undefined };
  try {
    return wish.kind === "folder" ? await makeFolder(wish, owner, context) : await makeLink(wish);
  } catch (error) {
    throw new GantryError(ADD_FAILED, `${wish.path} cannot be made: ${messageOf(error)}`, { cause: error });
  }
}

async function makeFolder(
  { path, newMode }: Extract<Wish, { kind: "folder" }>,
  wanted: Wanted,
  { user }: VerbContext,
): Promise<boolean> {
  const own = { uid: wanted.uid ?? user?.uid, gid: wanted.gid ?? user?.gid, mode: newMode };
  return inMadeFolder(path, async (at, made) => (await applyOwner(at, made ? own : wanted)) || made);
}

async function makeLink({ path, target }: Extract<Wish, { kind: "link" }>): Promise<boolean> {
  return inHeldFolder(path, async (at) => {
    const found = await lstat(at).catch(() => undefined);
    if (found?.isSymbolicLink() === true && (await readlink(at)) === target) return false;
    if (found?.isDirectory() === true) throw new Error("a folder stands in its way");
    const draft = join(dirname(at), `.${randomUUID()}`);
    try {
      await symlink(target, draft);
      await rename(draft, at);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return true;
  });
}
