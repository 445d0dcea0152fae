import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";
import { GantryError } from "../../kernel/errors.ts";
import type { Gate } from "./gate.ts";
import { PASSWORD_INVALID } from "./errors.ts";

/**
 * Local passwords. Kept is `scrypt$LOG2N$R$P$SALT$HASH`: with its parameters, so that they may grow. Work and memory follow the
 * recommendation of OWASP's Password Storage Cheat Sheet: 32 MiB, three times.
 */

export interface ScryptCost {
  /** N is two to the power of this. */
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

export const PRESENT_COST: ScryptCost = { log2N: 15, r: 8, p: 3 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SHORTEST = 12;
/** Characters. */
export const LONGEST_PASSWORD = 1024;

export interface Passwords {
  /** What to keep of a password. `asker`: whose place in the queue it takes. Errors: `login_busy`. */
  hash(password: string, asker: string): Promise<string>;
  /**
   * Whether it is the password. With nothing kept it takes as much work, and is not.
   *
   * Errors: `login_busy`.
   */
  verify(password: string, kept: string | undefined, asker: string): Promise<{ right: boolean; outdated: boolean }>;
}

/** Every hash goes through the gate, so that guessing takes neither all threads nor all memory. */
export function createPasswords(gate: Gate, cost: ScryptCost = PRESENT_COST): Passwords {
  /** Nobody's: what a password is compared with where there is none. */
  const nobodys = written(cost, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  return {
    async hash(password, asker) {
      const salt = randomBytes(SALT_BYTES);
      return written(cost, salt, await gate.run(asker, () => derived(password, salt, cost)));
    },
    async verify(password, kept, asker) {
      const there = kept === undefined ? undefined : read(kept);
      const { salt, hash, ...used } = there ?? read(nobodys)!;
      const same = timingSafeEqual(await gate.run(asker, () => derived(password, salt, used)), hash);
      const outdated = used.log2N < cost.log2N || used.r < cost.r || used.p < cost.p;
      return { right: same && there !== undefined, outdated };
    },
  };
}

/** Errors: `password_invalid`. */
export function requireGoodPassword(password: string, name: string): void {
  const length = [...password].length;
  if (length < SHORTEST)
    throw new GantryError(PASSWORD_INVALID, `the password has ${length} characters: ${SHORTEST} are the fewest`);
  if (length > LONGEST_PASSWORD)
    throw new GantryError(PASSWORD_INVALID, `the password has more than ${LONGEST_PASSWORD} characters`);
  if (password.trim().toLowerCase() === name.toLowerCase())
    throw new GantryError(PASSWORD_INVALID, "the password is the name of the account");
}

function derived(password: string, salt: Buffer, { log2N, r, p }: ScryptCost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** log2N, r, p, maxmem: 2 * 128 * 2 ** log2N * r };
  // The same letters are written in two ways, by which keyboard they were typed on.
  const text = password.normalize("NFC");
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

function written({ log2N, r, p }: ScryptCost, salt: Buffer, hash: Buffer): string {
  return ["scrypt", log2N, r, p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

function read(kept: string): (ScryptCost & { readonly salt: Buffer; readonly hash: Buffer }) | undefined {
  const match = /^scrypt\$(\d{2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/.exec(kept);
  if (match === null) return undefined;
  const [, log2N, r, p, salt = "", hash = ""] = match;
  return {
    log2N: Number(log2N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64url"),
    hash: Buffer.from(hash, "base64url"),
  };
}
