import { describe, expect, it } from "vitest";
import { countingRandom, sameSecret, systemRandom } from "./ids.ts";

describe("ids", () => {
  it("are UUIDv7 and sort in the order they were made", () => {
    const ids = Array.from({ length: 1000 }, () => systemRandom.id());
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("are the same in every run when counted", () => {
    const [one, other] = [countingRandom(), countingRandom()];
    expect([one.id(), one.token(4), one.id()]).toEqual([other.id(), other.token(4), other.id()]);
    expect(one.id()).toBe("00000000-0000-7000-8000-000000000004");
  });
});

describe("secrets", () => {
  it("have as many bytes as asked, and differ", () => {
    expect(Buffer.from(systemRandom.token(32), "base64url")).toHaveLength(32);
    expect(systemRandom.token(32)).not.toBe(systemRandom.token(32));
  });

  it("are the same only when every byte is", () => {
    expect(sameSecret("abc", "abc")).toBe(true);
    expect(sameSecret("abc", "abd")).toBe(false);
    expect(sameSecret("abc", "abcd")).toBe(false);
    expect(sameSecret("", "")).toBe(true);
    expect(sameSecret("é", "e")).toBe(false);
  });
});
