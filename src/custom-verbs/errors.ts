import { errorKind } from "../kernel/errors.ts";

export const CUSTOM_VERB_UNKNOWN = errorKind("custom_verb_unknown", {
  status: 404,
  summary: "Nobody has registered a verb of that name.",
  remedy: "`gantry verb list` shows those there are; `gantry verb add FILE` registers one.",
});

export const CUSTOM_VERB_LIMIT = errorKind("custom_verb_limit", {
  status: 409,
  summary: "The tenant has as many verbs of its own as it may have.",
  remedy: "Remove some with `gantry verb remove NAME`, or make one verb of several.",
});
