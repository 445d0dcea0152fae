import type { GroupConfiguration } from "../inventory/index.ts";
import { isInnerPath } from "./ansible-names.ts";

/** Where group configuration may come from. Pure. */

const SCHEMES: readonly string[] = ["https:", "ssh:", "git:"];
/** `git@host:team/repository.git`, which is ssh. */
const SHORT_SSH = /^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:[^:\s][^\s]*$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/+-]*$/;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const LONGEST = 1000;
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\u0000-\u0020\u007f]/;

/** What is wrong with where a configuration comes from; undefined when nothing is. `local`: paths of this machine are allowed. */
export function sourceProblem(from: GroupConfiguration, local: boolean): string | undefined {
  return urlProblem(from.url, local) ?? revisionProblem(from.revision) ?? pathProblem(from.path);
}

function urlProblem(url: string, local: boolean): string | undefined {
  const shown = `the URL '${url.slice(0, 100)}'`;
  if (url === "" || url.length > LONGEST || CONTROL.test(url))
    return `${shown} is empty, too long, or has blanks in it`;
  // git would take it for an option.
  if (url.startsWith("-")) return `${shown} begins with a dash`;
  // git would start a program of this name.
  if (/^[A-Za-z0-9+.-]*::/.test(url)) return `${shown} names a transport of git's own (NAME::)`;
  if (SHORT_SSH.test(url)) return undefined;
  if (url.startsWith("/") || url.startsWith("file:")) {
    return local ? undefined : `${shown} is a path of the server's machine`;
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !SCHEMES.includes(parsed.protocol))
    return `${shown} is none of https://, ssh:// and git://`;
  // git hands host and user on to ssh as words of its command.
  if (parsed.hostname === "" || parsed.hostname.startsWith("-") || parsed.username.startsWith("-"))
    return `${shown} has no host, or one that looks like an option`;
  // With https, a user's name alone may be a token.
  const secret = parsed.password !== "" || (parsed.protocol === "https:" && parsed.username !== "");
  return secret ? "the URL has a password or token in it, which would be told to everybody" : undefined;
}

function revisionProblem(revision: string): string | undefined {
  const plain = REVISION.test(revision) && revision.length <= 200 && !revision.includes("..");
  return plain ? undefined : `the revision '${revision.slice(0, 100)}' is no commit, tag or branch`;
}

function pathProblem(path: string): string | undefined {
  if (path === "" || path === ".") return undefined;
  return isInnerPath(path) ? undefined : `the path '${path.slice(0, 100)}' is none inside a repository`;
}

/** Whether it means the same for ever. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}
