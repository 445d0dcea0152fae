import { planAdd } from "../add/index.ts";
import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { TemplateParameters } from "./model.ts";

/** Throws `add_failed`, `owner_unknown`, `link_refused`, `template_wrong`. */
export function planTemplate(parameters: TemplateParameters, context: VerbContext): Promise<VerbPlan> {
  return planAdd({ ...parameters, blueprint: true }, context);
}
