import { defineVerb } from "../verb.ts";
import { applyCachefile } from "./apply.ts";
import { cachefileParameters, readCachefile } from "./model.ts";
import { planCachefile } from "./plan.ts";

export const cachefile = defineVerb({
  names: ["CACHEFILE"],
  function: "cachefile",
  summary: "Reads a YAML or JSON file of the node into the node's arguments",
  parameters: cachefileParameters,
  texts: ["path"],
  safeToRepeat: true,
  read: readCachefile,
  plan: planCachefile,
  apply: applyCachefile,
});
