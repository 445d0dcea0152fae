import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { LOGIN_WAIT } from "./errors.ts";

/**
 * Who guesses has to wait. Failures are counted for a name together with an address, so that a stranger elsewhere keeps nobody out, and the
 * longest wait ends by itself. An attempt counts as failed from its begin on: many at once are no way around.
 */
export interface Waits {
  /** Errors: `login_wait`. */
  enter(name: string, address: string): Attempt;
}

export interface Attempt {
  /** It was right: nothing is held against name and address any more. */
  succeeded(): void;
  /** Nothing was tried: it does not count. */
  undone(): void;
}

interface Entry {
  failures: number;
  /** Epoch milliseconds of the last attempt. */
  last: number;
}

const FREE = 10;
const WINDOW_MILLISECONDS = 15 * 60 * 1000;
const LONGEST_MILLISECONDS = 15 * 60 * 1000;
const MOST_ENTRIES = 10_000;

/** Milliseconds between an attempt and the next one, after so many that failed. */
export function waitAfter(failures: number): number {
  return failures < FREE ? 0 : Math.min(2 ** Math.min(failures - FREE, 20) * 1000, LONGEST_MILLISECONDS);
}

export function createWaits(clock: Clock): Waits {
  const entries = new Map<string, Entry>();

  function present(key: string, now: number): Entry {
    const found = entries.get(key);
    entries.delete(key);
    const entry = found === undefined || now - found.last >= WINDOW_MILLISECONDS ? { failures: 0, last: now } : found;
    // In the order of use: the one that is forgotten was not tried for longest.
    if (entries.size >= MOST_ENTRIES) entries.delete(entries.keys().next().value!);
    entries.set(key, entry);
    return entry;
  }

  return {
    enter(name, address) {
      const now = clock.now();
      const key = `${address} ${plainName(name)}`;
      const entry = present(key, now);
      const left = entry.last + waitAfter(entry.failures) - now;
      if (left > 0) {
        const seconds = Math.ceil(left / 1000);
        throw new GantryError(LOGIN_WAIT, `too many logins failed: try again in ${seconds} s`, {
          details: { retryAfter: seconds },
        });
      }
      entry.failures += 1;
      entry.last = now;
      return {
        succeeded: () => void entries.delete(key),
        undone: () => void (entry.failures = Math.max(0, entry.failures - 1)),
      };
    },
  };
}

/**
 * A name as a directory compares it, and coarser: it passes over blanks, case, invisible characters and forms of the same letter (RFC 4518), so
 * that these must not be as many ways to guess.
 */
function plainName(name: string): string {
  const letters = name.slice(0, 256).normalize("NFKC").toLowerCase();
  return letters.replace(/[^\p{L}\p{N}\p{P}\p{S}]/gu, "");
}

/** Where somebody comes from, as far as waits go: with IPv6, the network of 64 bits that one gets as a whole. */
export function askerOf(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined || remoteAddress === "") return "socket";
  const plain = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
  return `${[...groups, ...after].slice(0, 4).join(":")}::/64`;
}
