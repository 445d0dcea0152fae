import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { busSuite } from "./bus.suite.ts";
import { createInProcessBus } from "./index.ts";
import { covers } from "./subjects.ts";

describe("the bus within a process", () => {
  busSuite(async () => {
    const failures: unknown[] = [];
    const log = pino({ level: "error" }, { write: (line: string) => failures.push(JSON.parse(line)) });
    return { bus: createInProcessBus(log), failures };
  });
});

describe("a pattern", () => {
  it.each([
    ["a.b", "a.b", true],
    ["a.b", "a.b.c", false],
    ["a.b.c", "a.b", false],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["*.b", "a.b", true],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    [">", "a", true],
  ])("%s and %s: %s", (pattern, subject, expected) => {
    expect(covers(pattern.split("."), subject.split("."))).toBe(expected);
  });

  it("covers a subject some words of which it leaves open", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(words, fc.infiniteStream(fc.boolean()), fc.nat(), (subject, open, cut) => {
        const starred = subject.map((word) => (open.next().value === true ? "*" : word));
        expect(covers(starred, subject)).toBe(true);
        expect(covers([...starred, "more"], subject)).toBe(false);
        expect(covers([...starred.slice(0, cut % subject.length), ">"], subject)).toBe(true);
      }),
    );
  });
});
