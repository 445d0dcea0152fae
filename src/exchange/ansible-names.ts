/** Which names may be used where: Ansible finds a host's and a group's variables by a file of its name. Pure. */

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_. @+=,-]*$/u;

/** Bytes that most file systems allow in one name, less the ending. */
const LONGEST_BYTES = 240;

/**
 * Whether the name can be the name of a variables file. Ansible looks for `NAME` before `NAME.yml`, so that a host `a.yml` would find
 * the file of a host `a`.
 */
export function isFileName(name: string): boolean {
  return (
    PLAIN.test(name) &&
    !/[. ]$/.test(name) &&
    !/\.(ya?ml|json)$/i.test(name) &&
    Buffer.byteLength(name) <= LONGEST_BYTES
  );
}

/** Whether this is the path of a file inside a folder: names with `/` between, none of which leads out or is hidden. */
export function isInnerPath(path: string): boolean {
  return path.length <= 200 && path.split("/").every((part) => PLAIN.test(part) && !/[. ]$/.test(part));
}

/** A name for a group that users did not make: it looks like Ansible's own and is none of those taken. Adds it to them. */
export function freeGroupName(kind: string, name: string, taken: Set<string>): string {
  let found = `${kind}_${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  while (taken.has(found)) found += "_";
  taken.add(found);
  return found;
}

/** As Python and both databases sort names: by code point. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const [one, other] = [[...a], [...b]];
  const at = one.findIndex((character, index) => character !== other[index]);
  if (at < 0) return -1;
  return (one[at]?.codePointAt(0) ?? -1) - (other[at]?.codePointAt(0) ?? -1);
}
