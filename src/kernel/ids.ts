import { randomBytes, timingSafeEqual } from "node:crypto";
import { v7 } from "uuid";

/** A UUIDv7 as text: ids sort by the time they were made, also within one millisecond of one process. */
export type Id = string;

export interface Random {
  id(): Id;
  /** `bytes` random bytes as base64url: for tokens and nonces. */
  token(bytes: number): string;
}

export const systemRandom: Random = {
  id: () => v7(),
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
