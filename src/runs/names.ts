import type { Json } from "../kernel/json.ts";
import type { Definition } from "./model.ts";

/** Which variables the verbs of a stage may name. Pure. */

const NAME = /[\p{L}_][\p{L}\p{N}_]*/gu;

const known = new WeakMap<Definition, Map<number, VariableNames>>();

/** `all`: a file is rendered on the node, and may name any. */
export type VariableNames = ReadonlySet<string> | "all";

export function namesIn(definition: Definition, stage: number): VariableNames {
  const stages = known.get(definition) ?? new Map<number, VariableNames>();
  known.set(definition, stages);
  const before = stages.get(stage);
  if (before !== undefined) return before;
  const found = search(definition, stage);
  stages.set(stage, found);
  return found;
}

function search({ lines, stages }: Definition, stage: number): VariableNames {
  const { from, to } = stages[stage]!;
  const names = new Set<string>();
  for (const { calls } of lines.slice(from, to)) {
    for (const { function: name, parameters } of calls) {
      if (parameters["blueprint"] === true || name === "template") return "all";
      collect(parameters, names);
    }
  }
  return names;
}

/** Names in texts that hold an expression. */
function collect(value: Json, names: Set<string>): void {
  if (typeof value === "string") {
    if (value.includes("{{") || value.includes("{%")) for (const [name] of value.matchAll(NAME)) names.add(name);
  } else if (typeof value === "object" && value !== null)
    for (const one of Object.values(value)) collect(one as Json, names);
}
