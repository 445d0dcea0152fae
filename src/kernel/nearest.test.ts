import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

const KNOWN = ["log_level", "listen", "heartbeat", "data"];

describe("the nearest name", () => {
  it.each([
    ["log_levle", "log_level"],
    ["LISTEN", "listen"],
    ["hartbeat", "heartbeat"],
    ["dtaa", "data"],
    ["daata", "data"],
    ["port", undefined],
    ["", undefined],
    ["x".repeat(1_000_000), undefined],
  ])("of %.20s is %s", (typed, meant) => {
    expect(nearest(typed, KNOWN)).toBe(meant);
  });

  it("is the closer of two, and the first of equals", () => {
    expect(nearest("webs", ["webbs", "wxbx", "web"])).toBe("webbs");
    expect(nearest("abcd", ["xyz", "abce", "abcd"])).toBe("abcd");
  });

  it("is found after any one slip in a word", () => {
    const word = fc.stringMatching(/^[a-z]{2,12}$/);
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom("x", ""), (name, at, put) => {
        const place = at % name.length;
        expect(nearest(name.slice(0, place) + put + name.slice(place + 1), [name])).toBe(name);
      }),
    );
  });
});
