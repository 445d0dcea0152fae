import { defineVerb } from "../verb.ts";
import { applyLine } from "./apply.ts";
import { lineOptions, lineParameters, problemOfLine, readLine } from "./model.ts";
import { planLine } from "./plan.ts";

export const line = defineVerb({
  names: ["LINE"],
  function: "line",
  summary: "Sees to it that a file has a line, or has it not",
  parameters: lineParameters,
  options: lineOptions,
  texts: ["file", "line", "match", "after", "before", "chown", "chmod"],
  safeToRepeat: true,
  read: readLine,
  problem: problemOfLine,
  plan: planLine,
  apply: applyLine,
});
