import type { Tool } from "../tools.ts";
import type { FILE_TYPES, SecontextParameters } from "./model.ts";

/** What is to be done about a rule: semanage-fcontext(8), then restorecon(8). */

/** As `semanage fcontext --list` shows kinds of files. */
const KINDS: Readonly<Record<(typeof FILE_TYPES)[number], string>> = {
  a: "all files",
  f: "regular file",
  d: "directory",
  c: "character device",
  b: "block device",
  s: "socket",
  l: "symbolic link",
  p: "named pipe",
};

export interface Context {
  readonly user: string;
  readonly type: string;
  readonly level: string;
}

/** Lists the rules somebody made on the node. */
export const listRules: Tool = {
  program: "semanage",
  arguments: ["fcontext", "--list", "--locallist", "--noheading"],
  quiet: true,
};

/** The rule for a target in such a list; undefined when there is none. Lines are `TARGET  KIND  USER:ROLE:TYPE:LEVEL`. */
export function ruleIn(stdout: string, wanted: Pick<SecontextParameters, "target" | "file_type">): Context | undefined {
  for (const line of stdout.split("\n")) {
    const match = /^(\S+)\s+(\S.*?)\s+([^:\s]+):([^:\s]+):([^:\s]+)(?::(\S+))?\s*$/.exec(line);
    if (match === null || match[1] !== wanted.target || match[2] !== KINDS[wanted.file_type]) continue;
    return { user: match[3] ?? "", type: match[5] ?? "", level: match[6] ?? "s0" };
  }
  return undefined;
}

export interface ContextWork {
  readonly tools: readonly Tool[];
  readonly diff: readonly string[];
}

export function decideContext(wanted: SecontextParameters, now: Context | undefined): ContextWork {
  const place = ["--ftype", wanted.file_type, wanted.target];
  if (wanted.state === "absent") {
    if (now === undefined) return { tools: [], diff: [] };
    return work(wanted, ["fcontext", "--delete", ...place], [`-${wanted.target} ${contextText(now)}`]);
  }
  const next: Context = {
    user: wanted.selinux_user ?? now?.user ?? "system_u",
    type: wanted.type ?? now?.type ?? "",
    level: wanted.level ?? now?.level ?? "s0",
  };
  if (now !== undefined && contextText(now) === contextText(next)) return { tools: [], diff: [] };
  const action = now === undefined ? "--add" : "--modify";
  const words = ["--seuser", next.user, "--type", next.type, "--range", next.level];
  return work(
    wanted,
    ["fcontext", action, ...words, ...place],
    [...(now === undefined ? [] : [`-${wanted.target} ${contextText(now)}`]), `+${wanted.target} ${contextText(next)}`],
  );
}

function work(wanted: SecontextParameters, words: readonly string[], diff: readonly string[]): ContextWork {
  const folder = plainPart(wanted.target);
  return {
    tools: [
      { program: "semanage", arguments: words },
      ...(wanted.restore && folder !== undefined
        ? [{ program: "restorecon", arguments: ["-R", "-F", "-i", folder] }]
        : []),
    ],
    diff,
  };
}

/** The path in front of what only a pattern says; undefined when that is the whole machine, which nobody wants walked through. */
export function plainPart(target: string): string | undefined {
  const special = target.search(/[\\.^$*+?()[\]{}|]/);
  if (special < 0) return target;
  // `/srv/www(/.*)?` means /srv/www; `/srv/a.*` means things in /srv. A dot in a name stands for itself most of the time.
  const escaped = target.replaceAll("\\.", ".");
  const end = escaped.search(/[\\^$*+?()[\]{}|]|\.[*+?]/);
  if (end < 0) return escaped;
  const before = escaped.slice(0, end);
  const folder = escaped.slice(end).startsWith("(/") ? before : before.slice(0, before.lastIndexOf("/"));
  return folder === "" ? undefined : folder;
}

function contextText({ user, type, level }: Context): string {
  return `${user}:object_r:${type}:${level}`;
}
