import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { EnvParameters } from "./model.ts";

export async function planEnv({ name, value, template }: EnvParameters, context: VerbContext): Promise<VerbPlan> {
  const before = (await context.known("environment"))[name];
  const after = value ?? template ?? "";
  const lines = [...(before === undefined ? [] : [`- ${name}=${before}`]), `+ ${name}=${after}`];
  const changed = before !== after;
  return { changed, diff: changed ? lines.join("\n") : "", environment: { [name]: after } };
}
