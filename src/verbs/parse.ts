import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { VERB_UNKNOWN } from "./errors.ts";
import type { ParsedVerb } from "./model.ts";
import { findVerb, VERB_NAMES } from "./verbs.ts";

/**
 * Reads the text form of a verb; its name may be in any case. `given`: a job's `vars` in an orchestration, some of which are options
 * (`stdout_arg`, `skip_cache` …). Throws `verb_unknown`, `verb_text_wrong`.
 */
export function parseVerb(name: string, text: string, given?: JsonObject): ParsedVerb {
  const verb = findVerb(name);
  if (verb !== undefined) return verb.parse(text, given, name.toUpperCase());
  const close = nearest(name.toUpperCase(), VERB_NAMES);
  throw new GantryError(
    VERB_UNKNOWN,
    `there is no verb ${name}${close === undefined ? "" : `; did you mean ${close}?`}`,
  );
}
