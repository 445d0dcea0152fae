import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { askVerb, type CustomCall, inputOf, openedVerb } from "./run.ts";

/** Throws `custom_verb_refused`, `custom_verb_failed`, `verb_text_wrong`. */
export async function planCustom(parameters: CustomCall, context: VerbContext): Promise<VerbPlan> {
  const verb = await openedVerb(parameters, context);
  const input = inputOf(verb, parameters);
  if (!verb.manifest.plan) return { changed: "unknown", diff: "", message: "it cannot say before it runs" };
  const { changed, diff, message } = await askVerb("plan", verb, input, context);
  return {
    changed: typeof changed === "boolean" ? changed : "unknown",
    diff: typeof diff === "string" ? diff : "",
    ...(typeof message === "string" ? { message } : {}),
  };
}
