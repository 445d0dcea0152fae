import type { AttributeProblem } from "../drivers/index.ts";
import { foremanCatalogue } from "../foreman/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { describeAgentFunctions } from "../verbs/index.ts";
import { describedModules, FOUNDATIONS } from "./modules.ts";
import { describedServerModules } from "./server-modules.ts";

/** What the driver of a type of foundation says of attributes; nothing for types that are somebody else's. */
export function attributeProblems(type: string, attributes: JsonObject): readonly AttributeProblem[] {
  return FOUNDATIONS.find(({ name }) => name === type)?.problems(attributes) ?? [];
}

/** What this program's scripts may call and which drivers it has: what documents are checked against before a server is even started. */
export function knownHere(): {
  readonly catalogue: Catalogue;
  readonly foundationTypes: readonly string[];
  readonly attributeProblems: typeof attributeProblems;
} {
  return {
    catalogue: foremanCatalogue({
      ...describedModules(),
      agent: describeAgentFunctions(),
      server: describedServerModules(),
    }),
    foundationTypes: FOUNDATIONS.map(({ name }) => name),
    attributeProblems,
  };
}
