import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Whose key a server shows, by OpenSSH's known_hosts. Pure. */

export interface HostKeys {
  /** Keys as they go over the wire. */
  readonly keys: readonly Buffer[];
  /** `SHA256:…` */
  readonly fingerprints: readonly string[];
  /** Keys that are worth nothing any more. */
  readonly revoked: readonly Buffer[];
}

export type Verdict = "known" | "unknown" | "differs";

const NOTHING: HostKeys = { keys: [], fingerprints: [], revoked: [] };

/** A `host_key` parameter: a fingerprint, or a public key as in `ssh_host_ed25519_key.pub`. Undefined when it is neither. */
export function hostKeyOf(text: string): HostKeys | undefined {
  const trimmed = text.trim();
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(trimmed)) return { ...NOTHING, fingerprints: [trimmed.replace(/=$/, "")] };
  const [type = "", data = ""] = trimmed.split(/\s+/);
  const key = keyOf(type, data);
  return key === undefined ? undefined : { ...NOTHING, keys: [key] };
}

/**
 * The keys of a host in files of known_hosts. Names may be patterns, negated, or hashed; keys of certificate authorities do not count, and
 * lines that are no lines are passed over, as OpenSSH does.
 */
export function keysInFile(text: string, host: { readonly name: string; readonly port: number }): HostKeys {
  const found = { keys: [] as Buffer[], revoked: [] as Buffer[] };
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
    const [names = "", type = "", data = ""] = words;
    if (names === "" || names.startsWith("#") || (marker !== undefined && marker !== "@revoked")) continue;
    const key = keyOf(type, data);
    if (key === undefined || !namesHost(names, host)) continue;
    (marker === undefined ? found.keys : found.revoked).push(key);
  }
  return { ...NOTHING, ...found };
}

export function together(all: readonly HostKeys[]): HostKeys {
  return {
    keys: all.flatMap(({ keys }) => keys),
    fingerprints: all.flatMap(({ fingerprints }) => fingerprints),
    revoked: all.flatMap(({ revoked }) => revoked),
  };
}

export function verdictOn(shown: Buffer, known: HostKeys): Verdict {
  if (known.revoked.some((key) => same(key, shown))) return "differs";
  if (known.keys.some((key) => same(key, shown)) || known.fingerprints.includes(fingerprintOf(shown))) return "known";
  return known.keys.length === 0 && known.fingerprints.length === 0 ? "unknown" : "differs";
}

/** As `ssh-keygen -l` shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Types of key to ask the server for, so that it shows one that can be compared; undefined: whichever it likes. */
export function wantedTypes({ keys, fingerprints }: HostKeys): readonly string[] | undefined {
  if (keys.length === 0 || fingerprints.length > 0) return undefined;
  return [...new Set(keys.map(typeOf))].flatMap((type) =>
    type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type],
  );
}

/** The first field of a key on the wire. */
export function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}

function keyOf(type: string, data: string): Buffer | undefined {
  if (!/^[a-z0-9@.-]+$/.test(type) || !/^[A-Za-z0-9+/]{20,}={0,2}$/.test(data)) return undefined;
  const key = Buffer.from(data, "base64");
  return key.length > 4 && key.readUInt32BE(0) <= key.length - 4 && typeOf(key) === type ? key : undefined;
}

function namesHost(names: string, { name, port }: { readonly name: string; readonly port: number }): boolean {
  const lower = name.toLowerCase();
  // OpenSSH writes the usual port without brackets.
  const asked = port === 22 ? lower : `[${lower}]:${port}`;
  if (names.startsWith("|1|")) {
    const [, , salt = "", hash = ""] = names.split("|");
    const made = createHmac("sha1", Buffer.from(salt, "base64")).update(asked).digest();
    return same(made, Buffer.from(hash, "base64"));
  }
  const patterns = names.split(",");
  const denied = patterns.some((one) => one.startsWith("!") && matches(one.slice(1), asked));
  return !denied && patterns.some((one) => !one.startsWith("!") && matches(one, asked));
}

/** `*` and `?` as in OpenSSH, without going back and forth: in time that grows with the lengths alone. */
function matches(pattern: string, text: string): boolean {
  const wanted = pattern.toLowerCase();
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < text.length) {
    if (at < wanted.length && (wanted[at] === "?" || wanted[at] === text[from]) && wanted[at] !== "*") {
      at += 1;
      from += 1;
    } else if (wanted[at] === "*") {
      star = at;
      mark = from;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      from = mark;
    } else return false;
  }
  while (wanted[at] === "*") at += 1;
  return at === wanted.length;
}

function same(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
