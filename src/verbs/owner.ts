import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { OWNER_UNKNOWN } from "./errors.ts";

/** Owner and mode of what ADD and WORKDIR make. */

export interface Wanted {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

/** `chown` is `USER`, `USER:GROUP` or `:GROUP`; `chmod` an octal mode. Throws `owner_unknown`. */
export async function wantedOwner(chown: string | undefined, chmodText: string | undefined): Promise<Wanted> {
  const [user = "", group = ""] = (chown ?? "").split(":");
  return {
    uid: user === "" ? undefined : await idOf("user", "/etc/passwd", user),
    gid: group === "" ? undefined : await idOf("group", "/etc/group", group),
    mode: chmodText === undefined ? undefined : Number.parseInt(chmodText, 8),
  };
}

/**
 * Brings an existing file or folder to the wanted owner and mode. Returns whether anything had to change.
 *
 * @param path with its links followed: the last part is no link, or this fails
 */
export async function applyOwner(path: string, wanted: Wanted): Promise<boolean> {
  if (wanted.uid === undefined && wanted.gid === undefined && wanted.mode === undefined) return false;
  // By handle: what has the name may be exchanged between looking and changing.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const now = await file.stat();
    const uid = wanted.uid ?? now.uid;
    const gid = wanted.gid ?? now.gid;
    let changed = false;
    if (uid !== now.uid || gid !== now.gid) {
      await file.chown(uid, gid);
      changed = true;
    }
    // After chown, which clears the bits that lend rights.
    if (wanted.mode !== undefined && (changed || (now.mode & 0o7777) !== wanted.mode)) {
      await file.chmod(wanted.mode);
      changed ||= (now.mode & 0o7777) !== wanted.mode;
    }
    return changed;
  } finally {
    await file.close();
  }
}

/** What `applyOwner` would do, as lines; none when all is as wanted. */
export function planOwner(path: string, now: { uid: number; gid: number; mode: number }, wanted: Wanted): string[] {
  const lines: string[] = [];
  const uid = wanted.uid ?? now.uid;
  const gid = wanted.gid ?? now.gid;
  if (uid !== now.uid || gid !== now.gid) lines.push(`~ ${path}: owner ${now.uid}:${now.gid} to ${uid}:${gid}`);
  const mode = now.mode & 0o7777;
  if (wanted.mode !== undefined && wanted.mode !== mode)
    lines.push(`~ ${path}: mode ${octal(mode)} to ${octal(wanted.mode)}`);
  return lines;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** passwd(5) and group(5): the name is the first field, its number the third. */
async function idOf(kind: "user" | "group", file: string, name: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const known = new Map<string, number>();
  for (const line of (await readFile(file, "utf8")).split("\n")) {
    const [entry, , id] = line.split(":");
    if (entry !== undefined && id !== undefined) known.set(entry, Number(id));
  }
  const id = known.get(name);
  if (id !== undefined) return id;
  const close = nearest(name, known.keys());
  throw new GantryError(
    OWNER_UNKNOWN,
    `there is no ${kind} ${name} on this node${close === undefined ? "" : `; did you mean ${close}?`}`,
  );
}
