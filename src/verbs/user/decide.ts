import { GantryError } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/nearest.ts";
import { type Account, type Accounts, findGroup, groupsOf } from "./accounts.ts";
import { ACCOUNT_REFUSED } from "./errors.ts";
import type { UserParameters } from "./model.ts";

/** What is to be done so that a user is as wanted: steps without any tool in mind, and what they change, to be read by people. */

export type UserStep =
  | {
      readonly do: "add";
      readonly uid: number | undefined;
      readonly group: string | undefined;
      readonly groups: readonly string[];
      readonly shell: string | undefined;
      readonly home: string | undefined;
      readonly createHome: boolean;
      readonly comment: string | undefined;
      readonly system: boolean;
    }
  | {
      readonly do: "change";
      readonly uid: number | undefined;
      readonly group: string | undefined;
      readonly shell: string | undefined;
      readonly home: string | undefined;
      readonly comment: string | undefined;
    }
  | {
      readonly do: "groups";
      readonly join: readonly string[];
      readonly leave: readonly string[];
      /** Those it is in afterwards. */
      readonly all: readonly string[];
    }
  | { readonly do: "password"; readonly hash: string }
  | { readonly do: "keys"; readonly keys: readonly string[]; readonly only: boolean }
  | { readonly do: "remove"; readonly home: boolean };

export interface UserWork {
  readonly steps: readonly UserStep[];
  /** `-uid 1000`, `+uid 1001`; never a hash or a key's material. */
  readonly diff: readonly string[];
}

/**
 * `keys`: those in its file now; undefined: there is none. Throws `account_refused` for a number that another user has, and for groups
 * that are not there.
 */
export function decideUser(wanted: UserParameters, accounts: Accounts, keys: readonly string[] | undefined): UserWork {
  const now = accounts.users.find(({ name }) => name === wanted.name);
  if (wanted.state === "absent") {
    if (now === undefined) return { steps: [], diff: [] };
    return { steps: [{ do: "remove", home: wanted.remove_home ?? false }], diff: [`-user ${now.name} (${now.uid})`] };
  }
  checkNumber(wanted, accounts);
  for (const name of [wanted.group, ...(wanted.groups ?? [])]) if (name !== undefined) checkGroup(name, accounts);
  const works = [now === undefined ? adding(wanted) : changing(wanted, now, accounts)];
  if (now !== undefined) works.push(membership(wanted, accounts));
  works.push(password(wanted, accounts), keysWork(wanted, keys ?? []));
  return { steps: works.flatMap(({ steps }) => steps), diff: works.flatMap(({ diff }) => diff) };
}

function adding(wanted: UserParameters): UserWork {
  const system = wanted.system ?? false;
  const step: UserStep = {
    do: "add",
    uid: wanted.uid,
    group: wanted.group,
    groups: wanted.groups ?? [],
    shell: wanted.shell,
    home: wanted.home,
    createHome: wanted.create_home ?? !system,
    comment: wanted.comment,
    system,
  };
  const told: readonly (readonly [string, string | number | undefined])[] = [
    ["uid", wanted.uid],
    ["group", wanted.group],
    ["groups", wanted.groups?.join(",")],
    ["shell", wanted.shell],
    ["home", wanted.home],
    ["comment", wanted.comment],
  ];
  const lines = told.flatMap(([name, value]) => (value === undefined ? [] : [`+${name} ${value}`]));
  return { steps: [step], diff: [`+user ${wanted.name}${system ? " (system)" : ""}`, ...lines] };
}

function changing(wanted: UserParameters, now: Account, accounts: Accounts): UserWork {
  const ownGroup = accounts.groups.find(({ gid }) => gid === now.gid)?.name ?? String(now.gid);
  const gid = wanted.group === undefined ? undefined : findGroup(accounts, wanted.group)?.gid;
  const differs = {
    uid: wanted.uid === now.uid ? undefined : wanted.uid,
    group: gid === now.gid ? undefined : wanted.group,
    shell: wanted.shell === now.shell ? undefined : wanted.shell,
    home: wanted.home === now.home ? undefined : wanted.home,
    comment: wanted.comment === now.comment ? undefined : wanted.comment,
  };
  const before = { uid: now.uid, group: ownGroup, shell: now.shell, home: now.home, comment: now.comment };
  const names = (Object.keys(differs) as (keyof typeof differs)[]).filter((name) => differs[name] !== undefined);
  if (names.length === 0) return { steps: [], diff: [] };
  return {
    steps: [{ do: "change", ...differs }],
    diff: names.flatMap((name) => [`-${name} ${before[name]}`, `+${name} ${differs[name]}`]),
  };
}

function membership(wanted: UserParameters, accounts: Accounts): UserWork {
  if (wanted.groups === undefined) return { steps: [], diff: [] };
  const now = groupsOf(accounts, wanted.name);
  const names = wanted.groups.map((text) => findGroup(accounts, text)?.name ?? text);
  const join = names.filter((name) => !now.includes(name));
  const leave = wanted.append === true ? [] : now.filter((name) => !names.includes(name));
  if (join.length + leave.length === 0) return { steps: [], diff: [] };
  return {
    steps: [{ do: "groups", join, leave, all: [...now.filter((name) => !leave.includes(name)), ...join] }],
    diff: [...leave.map((name) => `-in group ${name}`), ...join.map((name) => `+in group ${name}`)],
  };
}

function password(wanted: UserParameters, accounts: Accounts): UserWork {
  if (wanted.password === undefined || accounts.passwords.get(wanted.name) === wanted.password)
    return { steps: [], diff: [] };
  return { steps: [{ do: "password", hash: wanted.password }], diff: ["~password"] };
}

function keysWork(wanted: UserParameters, now: readonly string[]): UserWork {
  if (wanted.keys === undefined) return { steps: [], diff: [] };
  const after = keysAfter(wanted.keys, wanted.only_keys ?? false, now);
  if (after.join("\n") === now.join("\n")) return { steps: [], diff: [] };
  return {
    steps: [{ do: "keys", keys: wanted.keys, only: wanted.only_keys ?? false }],
    diff: [
      ...now.filter((line) => isKey(line) && !after.includes(line)).map((line) => `-key ${keyLabel(line)}`),
      ...after.filter((line) => !now.includes(line)).map((line) => `+key ${keyLabel(line)}`),
    ],
  };
}

/** The lines of authorized_keys afterwards: what is there stays, comments too; a key that is there with other options is replaced. */
export function keysAfter(wanted: readonly string[], only: boolean, now: readonly string[]): string[] {
  const material = new Map(wanted.map((line) => [keyMaterial(line), line.trim()]));
  const kept = now.flatMap((line) => {
    const key = keyMaterial(line);
    const again = material.get(key);
    if (again !== undefined && isKey(line)) {
      material.delete(key);
      return [again];
    }
    return only && isKey(line) ? [] : [line];
  });
  return [...kept, ...material.values()];
}

const KEY = /(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ ([A-Za-z0-9+/=]+)(.*)$/;

function isKey(line: string): boolean {
  return !line.trimStart().startsWith("#") && KEY.test(line);
}

function keyMaterial(line: string): string {
  return KEY.exec(line)?.[1] ?? line;
}

/** The kind of a key and its comment: enough to know it again. */
function keyLabel(line: string): string {
  const [kind = "", material = "", ...comment] = line.slice(Math.max(0, line.search(KEY))).split(" ");
  return `${kind} …${material.slice(-12)}${comment.length === 0 ? "" : ` ${comment.join(" ")}`}`;
}

function checkNumber(wanted: UserParameters, accounts: Accounts): void {
  const other = accounts.users.find(({ name, uid }) => uid === wanted.uid && name !== wanted.name);
  if (other !== undefined)
    throw new GantryError(ACCOUNT_REFUSED, `user ${other.name} has the number ${wanted.uid} already`);
}

/** Throws `account_refused`. */
function checkGroup(text: string, accounts: Accounts): void {
  if (findGroup(accounts, text) !== undefined) return;
  const close = nearest(
    text,
    accounts.groups.map(({ name }) => name),
  );
  const hint = close === undefined ? "" : `; did you mean ${close}?`;
  throw new GantryError(ACCOUNT_REFUSED, `there is no group ${text} on this node${hint}`);
}
