/** passwd(5), group(5) and shadow(5). Pure. */

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

export interface AccountGroup {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** What a node, or the system in a folder, says of its users and groups. */
export interface Accounts {
  readonly users: readonly Account[];
  readonly groups: readonly AccountGroup[];
  /** Hash of the password by name of the user; nothing where it cannot be read. */
  readonly passwords: ReadonlyMap<string, string>;
}

export function readAccounts(files: { passwd: string; group: string; shadow: string }): Accounts {
  return {
    users: rows(files.passwd, 7).map(([name = "", , uid, gid, comment = "", home = "", shell = ""]) => ({
      name,
      uid: Number(uid),
      gid: Number(gid),
      comment,
      home,
      shell,
    })),
    groups: rows(files.group, 3).map(([name = "", , gid, members = ""]) => ({
      name,
      gid: Number(gid),
      members: members.split(",").filter((member) => member !== ""),
    })),
    passwords: new Map(rows(files.shadow, 2).map(([name = "", hash = ""]) => [name, hash])),
  };
}

/** Lines with a name and at least so many fields; NIS lines (`+…`) are none. */
function rows(text: string, least: number): string[][] {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([name = "", ...rest]) => /^[^+\-#\s]/.test(name) && rest.length + 1 >= least);
}

/** Groups a user is a member of beside its own, sorted. */
export function groupsOf(accounts: Accounts, name: string): string[] {
  return accounts.groups.flatMap((group) => (group.members.includes(name) ? [group.name] : [])).sort();
}

/** A group by its name, or by its number as text. */
export function findGroup(accounts: Accounts, text: string): AccountGroup | undefined {
  return (
    accounts.groups.find(({ name }) => name === text) ??
    (/^\d+$/.test(text) ? accounts.groups.find(({ gid }) => gid === Number(text)) : undefined)
  );
}
