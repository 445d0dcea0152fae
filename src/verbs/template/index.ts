import { defineVerb } from "../verb.ts";
import { applyTemplate } from "./apply.ts";
import { problemOfTemplate, readTemplate, templateOptions, templateParameters } from "./model.ts";
import { planTemplate } from "./plan.ts";

export const template = defineVerb({
  names: ["TEMPLATE"],
  function: "template",
  summary: "Fills in a template on the node, and puts it in its place",
  parameters: templateParameters,
  options: templateOptions,
  texts: ["to", "chown", "chmod"],
  safeToRepeat: true,
  read: readTemplate,
  problem: problemOfTemplate,
  plan: planTemplate,
  apply: applyTemplate,
});
