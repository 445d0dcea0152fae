/**
 * Finds many patterns in bytes. Two bytes say whether a pattern may begin somewhere, four which ones: where nothing is found, which is
 * nearly everywhere, a byte costs one look. Patterns are added one by one, without making anything anew.
 */
export interface Matcher {
  /** At least 4 bytes. The first name of a pattern stays. */
  add(pattern: Uint8Array, name: string): void;
  readonly empty: boolean;
  /**
   * The first match from `from` on; of several at one place the longest. `more`: further bytes may follow, and a place from which on they
   * could complete a pattern is given as `held`.
   */
  next(bytes: Uint8Array, from: number, more: boolean): Match | { readonly held: number } | undefined;
}

export interface Match {
  readonly at: number;
  readonly length: number;
  readonly name: string;
}

interface Entry {
  readonly pattern: Uint8Array;
  readonly name: string;
}

export function createMatcher(): Matcher {
  /** 1: a pattern begins with this byte. */
  const ones = new Uint8Array(256);
  /** 1: a pattern begins with these two bytes. */
  const pairs = new Uint8Array(65_536);
  const triples = new Set<number>();
  /** By the first four bytes; the longest first. */
  const buckets = new Map<number, Entry[]>();

  function at(bytes: Uint8Array, from: number, more: boolean): Match | "held" | undefined {
    const left = bytes.length - from;
    if (left < 4) {
      if (!more) return undefined;
      return left < 3 || triples.has(three(bytes, from)) ? "held" : undefined;
    }
    const bucket = buckets.get(four(bytes, from));
    if (bucket === undefined) return undefined;
    for (const { pattern, name } of bucket) {
      if (pattern.length > left) {
        if (more && agree(pattern, bytes, from, left)) return "held";
      } else if (agree(pattern, bytes, from, pattern.length)) return { at: from, length: pattern.length, name };
    }
    return undefined;
  }

  return {
    get empty() {
      return buckets.size === 0;
    },
    add(pattern, name) {
      const key = four(pattern, 0);
      const bucket = buckets.get(key) ?? [];
      if (bucket.some((one) => one.pattern.length === pattern.length && agree(one.pattern, pattern, 0, pattern.length)))
        return;
      bucket.push({ pattern, name });
      bucket.sort((a, b) => b.pattern.length - a.pattern.length);
      buckets.set(key, bucket);
      ones[pattern[0]!] = 1;
      pairs[(pattern[0]! << 8) | pattern[1]!] = 1;
      triples.add(three(pattern, 0));
    },
    next(bytes, from, more) {
      const last = bytes.length - 1;
      for (let place = from; place < last; place += 1) {
        if (pairs[(bytes[place]! << 8) | bytes[place + 1]!] === 0) continue;
        const found = at(bytes, place, more);
        if (found === "held") return { held: place };
        if (found !== undefined) return found;
      }
      if (more && last >= from && ones[bytes[last]!] === 1) return { held: last };
      return undefined;
    },
  };
}

function three(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function four(bytes: Uint8Array, at: number): number {
  return (three(bytes, at) << 8) | bytes[at + 3]!;
}

function agree(pattern: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  for (let at = 4; at < length; at += 1) if (pattern[at] !== bytes[from + at]) return false;
  return true;
}
