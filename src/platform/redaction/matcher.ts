/**
 * Finds many patterns in bytes. Two bytes say whether a pattern may begin somewhere, four which ones: where nothing is found, which is
 * nearly everywhere, a byte costs one look. Patterns are added one by one, without making anything anew.
 */
export interface Matcher {
  /** At least 4 bytes. The first name of a pattern stays. `wrapped`: line ends may stand between its bytes, behind the first four. */
  add(pattern: Uint8Array, name: string, wrapped?: boolean): void;
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
  readonly wrapped: boolean;
}

/** Bytes behind which line ends in a wrapped pattern are no line ends of base64 any more. */
const MOST_HELD = 8192;

export function createMatcher(): Matcher {
  /** 1: a pattern begins with this byte. */
  const ones = new Uint8Array(256);
  /** 1: a pattern begins with these two bytes. */
  const pairs = new Uint8Array(65_536);
  /** 1: a pattern may begin with four bytes of this hash. Made with the first pattern: most processes never open a secret. */
  let fours = new Uint8Array(0);
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
    for (const entry of bucket) {
      const length = lengthOf(entry, bytes, from);
      if (length > 0) return { at: from, length, name: entry.name };
      if (length === UNDECIDED && more && left < MOST_HELD) return "held";
    }
    return undefined;
  }

  return {
    get empty() {
      return buckets.size === 0;
    },
    add(pattern, name, wrapped = false) {
      const key = four(pattern, 0);
      const bucket = buckets.get(key) ?? [];
      if (bucket.some((one) => one.wrapped === wrapped && Buffer.compare(one.pattern, pattern) === 0)) return;
      bucket.push({ pattern, name, wrapped });
      bucket.sort((a, b) => b.pattern.length - a.pattern.length);
      buckets.set(key, bucket);
      ones[pattern[0]!] = 1;
      pairs[(pattern[0]! << 8) | pattern[1]!] = 1;
      triples.add(three(pattern, 0));
      if (fours.length === 0) fours = new Uint8Array(SLOTS);
      fours[slotOf(key)] = 1;
    },
    next(bytes, from, more) {
      const last = bytes.length - 1;
      for (let place = from; place < last; place += 1) {
        if (pairs[(bytes[place]! << 8) | bytes[place + 1]!] === 0) continue;
        if (place < last - 2 && fours[slotOf(four(bytes, place))] === 0) continue;
        const found = at(bytes, place, more);
        if (found === "held") return { held: place };
        if (found !== undefined) return found;
      }
      if (more && last >= from && ones[bytes[last]!] === 1) return { held: last };
      return undefined;
    },
  };
}

/** So many that thousands of patterns leave nearly all of them free. */
const SLOTS = 2 ** 20;

/** A number from 0 to SLOTS - 1, by Fibonacci hashing. */
function slotOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 12;
}

function three(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function four(bytes: Uint8Array, at: number): number {
  return (three(bytes, at) << 8) | bytes[at + 3]!;
}

const UNDECIDED = -1;

/** Bytes that match from a place on, whose first four are known to; 0 when they do not, `UNDECIDED` when they end before that is known. */
function lengthOf({ pattern, wrapped }: Entry, bytes: Uint8Array, from: number): number {
  let place = from + 4;
  for (let at = 4; at < pattern.length; at += 1, place += 1) {
    while (wrapped && isLineEnd(bytes[place])) place += 1;
    if (place >= bytes.length) return UNDECIDED;
    if (pattern[at] !== bytes[place]) return 0;
  }
  return place - from;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d;
}
