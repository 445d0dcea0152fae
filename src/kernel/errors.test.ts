import { describe, expect, it } from "vitest";
import {
  errorKind,
  errorKinds,
  GantryError,
  INTERNAL,
  invariant,
  messageOf,
  placeText,
  problem,
  problemText,
} from "./errors.ts";

const LOST = errorKind("test_lost", { status: 404, summary: "It is lost.", remedy: "Look again." });

describe("a kind of error", () => {
  it("has a code of its own, in snake_case", () => {
    expect(() => errorKind("test_lost", LOST)).toThrow("defined twice");
    for (const code of ["Lost", "lost-and-found", "1st", ""])
      expect(() => errorKind(code, LOST)).toThrow("not snake_case");
  });

  it("is listed, in the order of codes", () => {
    const codes = errorKinds().map((kind) => kind.code);
    expect(codes).toContain("test_lost");
    expect(codes).toEqual([...codes].sort());
  });
});

describe("an error", () => {
  it("brings the remedy of its kind, or a better one", () => {
    const plain = new GantryError(LOST, "no sock");
    expect(plain).toMatchObject({
      code: "test_lost",
      message: "no sock",
      hint: "Look again.",
      details: {},
      problems: [],
      where: undefined,
    });
    expect(plain).not.toHaveProperty("cause");
    const cause = new Error("drawer");
    const better = new GantryError(LOST, "no sock", { hint: "Under the bed.", details: { drawer: 1 }, cause });
    expect(better).toMatchObject({ hint: "Under the bed.", details: { drawer: 1 }, cause });
  });
});

describe("a problem", () => {
  it("reads as place, message, code", () => {
    expect(problemText(problem(LOST, "no sock"))).toBe("no sock (test_lost)");
    expect(problemText(problem(LOST, "no sock", { file: "a.yaml", line: 2, column: 3 }))).toBe(
      "a.yaml:2:3: no sock (test_lost)",
    );
    expect(placeText({ file: "a.yaml", line: 2 })).toBe("a.yaml:2");
    expect(placeText({ file: "a.yaml" })).toBe("a.yaml");
  });

  it("has only the members it was given", () => {
    expect(Object.keys(problem(LOST, "no sock"))).toEqual(["code", "message"]);
    expect(problem(LOST, "no sock", undefined, "Under the bed.")).toEqual({
      code: "test_lost",
      message: "no sock",
      hint: "Under the bed.",
    });
  });
});

describe("small things", () => {
  it("tell what was thrown, and break on broken invariants", () => {
    expect(messageOf(new Error("x"))).toBe("x");
    expect(messageOf(7)).toBe("7");
    expect(INTERNAL.status).toBe(500);
    expect(() => invariant(0, "never zero")).toThrow("never zero");
    expect(() => invariant(1, "never zero")).not.toThrow();
  });
});
