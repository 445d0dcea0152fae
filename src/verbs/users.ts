import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { OWNER_UNKNOWN, USER_REFUSED } from "./errors.ts";

/** Users of the node, for what is done as one of them. */

export interface NodeUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Every group it is in, its own first. */
  readonly groups: readonly number[];
  readonly home: string;
  readonly shell: string;
}

/** A user by name or number. Throws `owner_unknown`. */
export async function findUser(text: string): Promise<NodeUser> {
  const passwd = await lines("/etc/passwd");
  const row = rowOf(passwd, text) ?? rowOf(await nameService("passwd", text), text);
  if (row === undefined) {
    const close = nearest(
      text,
      passwd.map(([name = ""]) => name),
    );
    throw new GantryError(
      OWNER_UNKNOWN,
      `there is no user ${text} on this node${close === undefined ? "" : `; did you mean ${close}?`}`,
    );
  }
  const [name = "", , uid, gid, , home = "/", shell = ""] = row;
  const more = (await lines("/etc/group")).filter(([, , , members = ""]) => members.split(",").includes(name));
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    groups: [...new Set([Number(gid), ...more.map(([, , id]) => Number(id))])],
    home: home === "" ? "/" : home,
    shell: shell === "" ? "/bin/sh" : shell,
  };
}

/**
 * Whom something is done as; undefined when the agent is that user anyway. Throws `owner_unknown`, and `user_refused` when the agent is
 * not root.
 */
export async function actingUser(text: string | undefined): Promise<NodeUser | undefined> {
  if (text === undefined) return undefined;
  const user = await findUser(text);
  const own = process.getuid?.();
  if (user.uid === own) return undefined;
  if (own === 0) return user;
  throw new GantryError(USER_REFUSED, `the agent runs as user ${own}, not as root, and can do nothing as ${user.name}`);
}

/** passwd(5) and group(5): fields between colons. */
async function lines(file: string): Promise<string[][]> {
  return (await readFile(file, "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
}

function rowOf(rows: readonly string[][], text: string): string[] | undefined {
  const byName = rows.find(([name, , id]) => name === text && id !== undefined);
  return byName ?? (/^\d+$/.test(text) ? rows.find(([, , id]) => id === text) : undefined);
}

/** Users that stand in no file of the node: a directory knows them. */
async function nameService(database: string, name: string): Promise<string[][]> {
  try {
    const { stdout } = await promisify(execFile)("getent", [database, name], { timeout: 5000 });
    return stdout.split("\n").map((line) => line.split(":"));
  } catch {
    return [];
  }
}
