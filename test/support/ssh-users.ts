import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SshServer, startSshServer } from "./sshd.ts";

/**
 * A machine that is reached over SSH, with users of its own: what stands in its /etc and /opt is apart from this machine's (a mount namespace), and it
 * has a name of its own. Needs root.
 */
export interface SshUsers extends SshServer {
  /** What is `/opt` there. */
  readonly opt: string;
  /** What is `/srv` there, for root alone. */
  readonly srv: string;
  /** A user's home, here and there. */
  home(name: string): string;
}

export interface SshUser {
  readonly name: string;
  readonly uid: number;
  /** As sudoers has it, behind the name; left out: the user may not use sudo. */
  readonly sudo?: string;
}

/** @param folder of the test, which removes it; others must be able to look into it */
export async function startSshUsers(folder: string, hostname: string, users: readonly SshUser[]): Promise<SshUsers> {
  const own = join(folder, hostname);
  for (const part of ["sudoers.d", "opt", "home"]) mkdirSync(join(own, part), { recursive: true, mode: 0o755 });
  mkdirSync(join(own, "srv"), { mode: 0o700 });
  const home = (name: string): string => join(own, "home", name);
  const lines = {
    passwd: users.map(({ name, uid }) => `${name}:x:${uid}:${uid}::${home(name)}:/bin/sh`),
    group: users.map(({ name, uid }) => `${name}:x:${uid}:`),
    // No password is right.
    shadow: users.map(({ name }) => `${name}:*:19000:0:99999:7:::`),
    hosts: [`127.0.1.1 ${hostname}`],
  };
  for (const [name, added] of Object.entries(lines))
    writeFileSync(join(own, name), `${readFileSync(`/etc/${name}`, "utf8").trimEnd()}\n${added.join("\n")}\n`);
  for (const { name, uid } of users) {
    mkdirSync(home(name));
    chownSync(home(name), uid, uid);
  }
  const sudoers = users.flatMap(({ name, sudo }) => (sudo === undefined ? [] : [`${name} ${sudo}\n`]));
  writeFileSync(join(own, "sudoers.d", "users"), sudoers.join(""), { mode: 0o440 });
  const bound = [...Object.keys(lines), "sudoers.d"].map((name) => `mount --bind "$1/${name}" "/etc/${name}"`);
  const prepare = [
    "mount --make-rprivate /",
    'hostname "$2"',
    ...bound,
    'mount --bind "$1/opt" /opt',
    'mount --bind "$1/srv" /srv',
    'shift 2 && exec "$@"',
  ].join(" && ");
  const server = await startSshServer({ within: ["unshare", "-mu", "sh", "-c", prepare, "sh", own, hostname] });
  return { ...server, opt: join(own, "opt"), srv: join(own, "srv"), home };
}
