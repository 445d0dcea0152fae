import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { askVerb, type CustomCall, inputOf, openedVerb } from "./run.ts";

/** Throws `custom_verb_refused`, `custom_verb_failed`, `verb_text_wrong`. */
export async function applyCustom(parameters: CustomCall, context: VerbContext): Promise<VerbResult> {
  const verb = await openedVerb(parameters, context);
  const result = await askVerb("apply", verb, inputOf(verb, parameters), context);
  // What says nothing of it is taken to have changed something.
  return { ...result, changed: result["changed"] !== false };
}
