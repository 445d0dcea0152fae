import { createDockerModule, dockerFoundations } from "../drivers/docker/index.ts";
import type { AttributeProblem, FoundationType } from "../drivers/index.ts";
import { createLocalModule, localFoundations } from "../drivers/local/index.ts";
import { foremanCatalogue } from "../foreman/index.ts";
import type { Catalogue } from "../tscript/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { describeAgentFunctions } from "../verbs/index.ts";

const FOUNDATIONS: readonly FoundationType[] = [localFoundations, dockerFoundations];

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
  // Only their descriptions are read: neither module does anything before a function of it is called.
  const drivers = [
    createLocalModule({ dataFolder: "/nonexistent", agentCommand: [] }),
    createDockerModule({ environment: {}, runtime: () => Promise.reject(new Error("described, not run")) }),
  ];
  return {
    catalogue: foremanCatalogue({ drivers, agent: describeAgentFunctions() }),
    foundationTypes: drivers.map((module) => module.name),
    attributeProblems,
  };
}
