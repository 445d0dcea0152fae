import type { Json } from "../../kernel/json.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { QueryParameters } from "./model.ts";

/** This node's part of the answer: nothing where it has no such argument. Whoever asked collects the parts of all nodes. */
export async function applyQuery({ name }: QueryParameters, context: VerbContext): Promise<VerbResult> {
  const values = await context.surroundings.arguments.all();
  const value: Json | undefined = Object.hasOwn(values, name) ? values[name] : undefined;
  context.output("stdout", Buffer.from(`${JSON.stringify(value ?? null)}\n`));
  return { changed: false, values: value === undefined ? {} : { [name]: value } };
}
