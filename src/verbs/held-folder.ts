import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Folders that are held while something is done in them. A path is walked each time it is used, and whoever may write into a folder on the
 * way may put a link there between two uses. So the folder is opened step by step, without following any link, and what is in it is
 * reached by its handle (`/proc/self/fd/N/name`) from then on: what `openat` is for, which Node does not have.
 */

/** Linux: a handle that only stands for the place, so that a folder need not be readable. Node does not name it. */
const O_PATH = 0o10000000;
const PLACE = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Does something with a file in a folder that stays the same meanwhile, whatever becomes of its path.
 *
 * @param path absolute, with its links followed (`safePath`): one that is a link by now fails with ENOTDIR
 * @param work `at`: another path of the same file, good until `work` has ended
 */
export async function inHeldFolder<Result>(path: string, work: (at: string) => Promise<Result>): Promise<Result> {
  if (path === "/") return work(path);
  const folder = dirname(path);
  const { handle } = await hold(folder, false);
  return within(handle, folder, (at) => work(join(at, basename(path))));
}

/**
 * Makes a folder, and those above it, where they are missing, and does something with it.
 *
 * @param work `made`: the folder was missing. `at` as above
 */
export async function inMadeFolder<Result>(
  path: string,
  work: (at: string, made: boolean) => Promise<Result>,
): Promise<Result> {
  const { handle, made } = await hold(path, true);
  // With the dot it is the folder, and not the link in /proc.
  return within(handle, path, (at) => work(`${at}/.`, made));
}

async function within<Result>(
  handle: FileHandle,
  folder: string,
  work: (at: string) => Promise<Result>,
): Promise<Result> {
  const at = `/proc/self/fd/${handle.fd}`;
  try {
    return await work(at);
  } catch (error) {
    throw named(error, at, folder);
  } finally {
    await handle.close();
  }
}

/** The folder's handle. `made`: it was missing, and `make` says that it is made then. */
async function hold(folder: string, make: boolean): Promise<{ readonly handle: FileHandle; readonly made: boolean }> {
  let handle = await open("/", PLACE);
  let done = "";
  let made = false;
  for (const part of folder.split("/")) {
    if (part === "") continue;
    const above = handle;
    const at = `/proc/self/fd/${above.fd}`;
    try {
      made = false;
      handle = await open(`${at}/${part}`, PLACE).catch(async (error: NodeJS.ErrnoException) => {
        if (!make || error.code !== "ENOENT") throw error;
        await mkdir(`${at}/${part}`).catch((another: NodeJS.ErrnoException) => {
          // Somebody else made it meanwhile.
          if (another.code !== "EEXIST") throw another;
        });
        made = true;
        return open(`${at}/${part}`, PLACE);
      });
    } catch (error) {
      // Without /proc nothing can be reached by a handle, and every path of it is missing.
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && (await stat(at).catch(() => undefined)) === undefined)
        throw new Error("/proc is not mounted, which files are reached by", { cause: error });
      throw named(error, at, done === "" ? "/" : done);
    } finally {
      await above.close();
    }
    done = `${done}/${part}`;
  }
  return { handle, made };
}

/** An error of the system with the path that people know. */
function named(error: unknown, at: string, folder: string): unknown {
  if (!(error instanceof Error) || !error.message.includes(at)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const message = error.message.replaceAll(`${at}/.'`, `${folder}'`).replaceAll(at, folder === "/" ? "" : folder);
  return Object.assign(new Error(message, { cause: error }), code === undefined ? {} : { code });
}
