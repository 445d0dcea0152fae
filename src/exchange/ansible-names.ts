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
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Halves of characters beyond the first 65,536 come after all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
