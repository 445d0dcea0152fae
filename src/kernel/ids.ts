import { randomBytes, randomFillSync, timingSafeEqual } from "node:crypto";
import { v7 } from "uuid";

/** A UUIDv7 as text: ids sort by the time they were made, also within one millisecond of one process. */
export type Id = string;

export interface Random {
  id(): Id;
  /** `bytes` random bytes as base64url: for tokens and nonces. */
  token(bytes: number): string;
}

/** Random bytes for ids: asked for one by one they would take ten times as long. */
const pool = new Uint8Array(16 * 256);
let used = pool.length;
/** Of the id made last: its millisecond, and the number that orders ids within it. */
let milliseconds = 0;
let sequence = 0;

function nextId(): Id {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 16);
  used += 16;
  const now = Date.now();
  if (now > milliseconds) {
    milliseconds = now;
    // Half of the 32 bits are room for those that follow.
    sequence = (random[0]! << 8) | random[1]!;
  } else {
    sequence += 1;
  }
  return v7({ random, msecs: milliseconds, seq: sequence });
}

export const systemRandom: Random = {
  id: nextId,
  token: (bytes) => randomBytes(bytes).toString("base64url"),
};

/** Ids and tokens that are the same in every run, for tests. */
export function countingRandom(): Random {
  let count = 0;
  return {
    id() {
      count += 1;
      return `00000000-0000-7000-8000-${count.toString(16).padStart(12, "0")}`;
    },
    token(bytes) {
      count += 1;
      return Buffer.alloc(bytes, count).toString("base64url");
    },
  };
}

/** Compares two secrets without telling by its duration where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
