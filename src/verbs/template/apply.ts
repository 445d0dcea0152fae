import { applyAdd } from "../add/index.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { TemplateParameters } from "./model.ts";

/** Throws `add_failed`, `owner_unknown`, `link_refused`, `template_wrong`. */
export function applyTemplate(parameters: TemplateParameters, context: VerbContext): Promise<VerbResult> {
  return applyAdd({ ...parameters, blueprint: true }, context);
}
