import { GantryError } from "../../kernel/errors.ts";
import type { Tool } from "../tools.ts";
import { ACCOUNT_REFUSED, type Accounts } from "../user/index.ts";
import type { GroupParameters } from "./model.ts";

/** What is to be done so that a group is as wanted. */

export interface GroupWork {
  readonly step: "none" | "add" | "change" | "remove";
  readonly diff: readonly string[];
}

/** Throws `account_refused` for a number another group has, and for a group that is some user's own. */
export function decideGroup(wanted: GroupParameters, accounts: Accounts): GroupWork {
  const now = accounts.groups.find(({ name }) => name === wanted.name);
  if (wanted.state === "absent") {
    if (now === undefined) return { step: "none", diff: [] };
    const user = accounts.users.find(({ gid }) => gid === now.gid);
    if (user !== undefined)
      throw new GantryError(ACCOUNT_REFUSED, `group ${now.name} cannot go: it is user ${user.name}'s own`);
    return { step: "remove", diff: [`-group ${now.name} (${now.gid})`] };
  }
  const other = accounts.groups.find(({ name, gid }) => gid === wanted.gid && name !== wanted.name);
  if (other !== undefined)
    throw new GantryError(ACCOUNT_REFUSED, `group ${other.name} has the number ${wanted.gid} already`);
  if (now === undefined)
    return {
      step: "add",
      diff: [`+group ${wanted.name}`, ...(wanted.gid === undefined ? [] : [`+gid ${wanted.gid}`])],
    };
  if (wanted.gid === undefined || wanted.gid === now.gid) return { step: "none", diff: [] };
  return { step: "change", diff: [`-gid ${now.gid}`, `+gid ${wanted.gid}`] };
}

/** groupadd(8), groupmod(8) and groupdel(8). */
export function shadowTool(step: GroupWork["step"], wanted: GroupParameters, root: string | undefined): Tool {
  const prefix = root === undefined ? [] : ["--prefix", root];
  const gid = wanted.gid === undefined ? [] : ["--gid", String(wanted.gid)];
  if (step === "remove") return { program: "groupdel", arguments: [...prefix, wanted.name] };
  if (step === "change") return { program: "groupmod", arguments: [...prefix, ...gid, wanted.name] };
  const system = wanted.system === true ? ["--system"] : [];
  return { program: "groupadd", arguments: [...prefix, ...gid, ...system, wanted.name] };
}

/** addgroup and delgroup of busybox. Throws `account_refused` for what they cannot do. */
export function busyboxTool(step: GroupWork["step"], wanted: GroupParameters, root: string | undefined): Tool {
  if (step === "change" || root !== undefined)
    throw new GantryError(
      ACCOUNT_REFUSED,
      `the tools of busybox cannot change the number of a group, or another system; install the package shadow`,
    );
  if (step === "remove") return { program: "delgroup", arguments: [wanted.name] };
  const gid = wanted.gid === undefined ? [] : ["-g", String(wanted.gid)];
  return { program: "addgroup", arguments: [...gid, ...(wanted.system === true ? ["-S"] : []), wanted.name] };
}
