import { expect, it } from "vitest";
import { parseVerb, VERB_NAMES } from "../verbs/index.ts";
import { fetchesFiles, sendsFiles } from "./run-verbs.ts";

/** Whether the verb reads its text as naming files of this machine. */
function hasSources(name: string): boolean {
  try {
    return parseVerb(name, "from to").sources !== undefined;
  } catch {
    // It is about something else.
    return false;
  }
}

it("knows of every verb whether files go along", () => {
  expect(VERB_NAMES.filter((verb) => sendsFiles({ verb }))).toEqual(VERB_NAMES.filter(hasSources));
  expect(VERB_NAMES.filter((verb) => fetchesFiles([{ verb }]))).toEqual(["GET"]);
});
