import { describe, expect, it } from "vitest";
import { addressKey, createBuckets } from "./rates.ts";

describe("buckets", () => {
  it("give so many at once, and so many a second from then on", () => {
    let time = 0;
    const buckets = createBuckets({ perSecond: 2, burst: 4, now: () => time });
    expect([1, 2, 3, 4, 5].map(() => buckets.take("a"))).toEqual([0, 0, 0, 0, 500]);
    expect(buckets.take("b")).toBe(0);
    time = 500;
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 500]);
    time = 100_000;
    expect(buckets.take("a", 4)).toBe(0);
    expect(buckets.take("a", 4)).toBe(2000);
  });

  it("take back what was taken for nothing, and never hold more than they may", () => {
    const buckets = createBuckets({ perSecond: 1, burst: 1, now: () => 0 });
    expect(buckets.take("a")).toBe(0);
    buckets.giveBack("a");
    buckets.giveBack("a");
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 1000]);
  });

  it("do not grow with everybody who ever asked", () => {
    let time = 0;
    const buckets = createBuckets({ perSecond: 1, burst: 10, now: () => time });
    for (let who = 0; who < 1000; who += 1) {
      time += 1000;
      buckets.take(`once ${who}`);
    }
    expect(buckets.size).toBeLessThan(10);
    for (let who = 0; who < 150_000; who += 1) buckets.take(`at once ${who}`);
    expect(buckets.size).toBeLessThanOrEqual(100_001);
  });

  it("never go back when the clock does", () => {
    let time = 10_000;
    const buckets = createBuckets({ perSecond: 1, burst: 2, now: () => time });
    buckets.take("a", 2);
    time = 0;
    expect(buckets.take("a")).toBe(1000);
  });
});

describe("an address", () => {
  it("stands for itself, and of IPv6 for its network", () => {
    const of = (address: string): string => addressKey(address);
    expect(of("192.0.2.7")).toBe("192.0.2.7");
    expect(of("::ffff:192.0.2.7")).toBe("192.0.2.7");
    expect(of("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(of("2001:0db8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(of("2001:db8::9")).toBe("2001:db8:0:0::/64");
    expect(of("::1")).toBe("0:0:0:0::/64");
    expect(of("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(of("")).toBe("");
  });
});
