import { describe, expect, it } from "vitest";
import { GantryError } from "../../kernel/errors.ts";
import { compile, type LineMeaning } from "./compile.ts";
import type { Entry, JobLine } from "./model.ts";

/** JOB_WAIT waits for what its text names; any other verb is a call. */
function meaning({ verb, text }: JobLine): LineMeaning {
  const call = { function: verb.toLowerCase(), parameters: { text }, safeToRepeat: true };
  const plain = { calls: [call], runOnce: false, sensitive: false };
  return verb === "JOB_WAIT" ? { ...plain, barrier: { wait: text.split(" ") } } : plain;
}

function entry(jobs: readonly JobLine[], name?: string): Entry {
  return { async: false, onFailure: "stop", jobs: [...jobs], ...(name === undefined ? {} : { name }) };
}

function problemsOf(act: () => unknown): GantryError {
  try {
    act();
  } catch (error) {
    if (error instanceof GantryError) return error;
  }
  throw new Error("nothing was wrong");
}

describe("JOB_WAIT", () => {
  it("finds entries by their name, and by names of jobs in them", () => {
    const first = entry([{ verb: "ECHO", text: "a", name: "hello" }], "one");
    const second = entry([{ verb: "ECHO", text: "b" }], "two");
    const third = entry([{ verb: "JOB_WAIT", text: "hello two" }]);
    expect(compile([first, second, third], { meaning }).stages[2]).toMatchObject({ entry: 2, waits: [0, 1] });
  });

  it("is found at once among very many verbs, however many wait", () => {
    const many = Array.from({ length: 20_000 }, (_, number) => ({ verb: "ECHO", text: String(number) }));
    const waits = Array.from({ length: 20_000 }, () => ({ verb: "JOB_WAIT", text: "one" }));
    expect(compile([entry(many, "one"), entry(waits)], { meaning }).stages).toHaveLength(20_001);
  });
});

describe("an orchestration with very much wrong in it", () => {
  it("names the first hundred problems, and looks for no more", () => {
    let looked = 0;
    const jobs = Array.from({ length: 5000 }, (_, number) => ({ verb: "JOB_WAIT", text: `none-${number}` }));
    const counted = (line: JobLine): LineMeaning => {
      looked += 1;
      return meaning(line);
    };
    const error = problemsOf(() => compile([entry(jobs)], { meaning: counted }));
    expect(error.message).toBe("100 things are wrong");
    expect(looked).toBe(100);
    const restrict = Array.from({ length: 5000 }, (_, number) => `none-${number}`);
    expect(problemsOf(() => compile([entry(jobs)], { meaning, restrict })).message).toBe("100 things are wrong");
  });
});
