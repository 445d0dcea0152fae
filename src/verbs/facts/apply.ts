import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { nearest } from "../../kernel/nearest.ts";
import { FACT_UNKNOWN } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { collectFacts } from "./collect.ts";
import type { FactsParameters } from "./model.ts";

/** Prints them, and has the server told what changed: one that is a text as it is, everything else as JSON. Throws `fact_unknown`. */
export async function applyFacts({ key }: FactsParameters, context: VerbContext): Promise<VerbResult> {
  const facts = await collectFacts();
  context.surroundings.noticed();
  if (key === undefined) {
    print(context, facts);
    return { ...facts, changed: false };
  }
  const value = Object.hasOwn(facts, key) ? facts[key] : undefined;
  if (value === undefined) {
    const close = nearest(key, Object.keys(facts));
    throw new GantryError(
      FACT_UNKNOWN,
      `there is no fact ${key}; ${close === undefined ? `there are ${Object.keys(facts).join(", ")}` : `did you mean ${close}?`}`,
    );
  }
  print(context, value);
  return { key, value, changed: false };
}

function print(context: VerbContext, value: Json): void {
  context.output("stdout", Buffer.from(`${typeof value === "string" ? value : JSON.stringify(value, null, 2)}\n`));
}
