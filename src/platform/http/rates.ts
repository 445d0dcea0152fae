import { isIPv6 } from "node:net";

/**
 * How often somebody may ask: a bucket for each, that fills by so many a second up to a limit. Time is given, so that it is plain
 * computing.
 */
export interface Buckets {
  /** Takes `cost` out of somebody's bucket. Returns 0, or the milliseconds until there is enough. */
  take(who: string, cost?: number): number;
  /** Gives back what was taken for nothing. */
  giveBack(who: string): void;
  /** Those that are remembered: full buckets need not be. */
  readonly size: number;
}

export interface BucketsOptions {
  readonly perSecond: number;
  /** What a bucket holds at most. */
  readonly burst: number;
  /** Epoch milliseconds, or any other time that only grows. */
  now(): number;
}

/** So many are remembered. Beyond it whoever asked longest ago is forgotten, and may begin anew. */
const MOST = 100_000;

export function createBuckets({ perSecond, burst, now }: BucketsOptions): Buckets {
  /** In the order of their last use. */
  const buckets = new Map<string, { level: number; at: number }>();

  function level(who: string, time: number): number {
    const bucket = buckets.get(who);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.level + (Math.max(0, time - bucket.at) / 1000) * perSecond);
  }

  function put(who: string, amount: number, time: number): void {
    buckets.delete(who);
    buckets.set(who, { level: amount, at: time });
    forget(time);
  }

  /** The eldest ones: each request looks at two, so that nobody waits for a great sweep. */
  function forget(time: number): void {
    let looked = 0;
    for (const who of buckets.keys()) {
      looked += 1;
      if (looked > 2) return;
      if (buckets.size > MOST || level(who, time) >= burst) buckets.delete(who);
      else return;
    }
  }

  return {
    take(who, cost = 1) {
      const time = now();
      const left = level(who, time) - cost;
      if (left < 0) return Math.max(1, Math.ceil((-left / perSecond) * 1000));
      put(who, left, time);
      return 0;
    },
    giveBack(who) {
      if (buckets.has(who)) put(who, Math.min(burst, level(who, now()) + 1), now());
    },
    get size() {
      return buckets.size;
    },
  };
}

/** Whose bucket an address takes from: itself, and of IPv6 the network of 64 bits that one customer has. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array.from({ length: zeros }, () => "0"), ...last];
  return `${all
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(":")}::/64`;
}
