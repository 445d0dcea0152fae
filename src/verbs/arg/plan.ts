import type { Json } from "../../kernel/json.ts";
import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { type ArgParameters, extended, wantedValue } from "./model.ts";

export async function planArg(parameters: ArgParameters, context: VerbContext): Promise<VerbPlan> {
  const { name } = parameters;
  const all = (await context.values()) as Readonly<Record<string, Json>>;
  const before = all[name];
  const after = parameters.extend_args === true ? extended(before, wantedValue(parameters)) : wantedValue(parameters);
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
  const diff = was === is ? "" : [...(was === undefined ? [] : [`- ${name} ${was}`]), `+ ${name} ${is}`].join("\n");
  return { changed: was !== is, diff, arguments: { [name]: after } };
}
