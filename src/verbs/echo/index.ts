import { defineVerb } from "../verb.ts";
import { applyEcho } from "./apply.ts";
import { echoParameters, readEcho } from "./model.ts";
import { planEcho } from "./plan.ts";

export const echo = defineVerb({
  names: ["ECHO"],
  function: "echo",
  summary: "Prints its text",
  parameters: echoParameters,
  texts: ["text"],
  safeToRepeat: true,
  read: readEcho,
  plan: planEcho,
  apply: applyEcho,
});
