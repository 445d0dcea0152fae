import type { VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { type ArgParameters, valueAfter } from "./model.ts";

export async function planArg(parameters: ArgParameters, context: VerbContext): Promise<VerbPlan> {
  const { name } = parameters;
  const before = (await context.known("arguments"))[name];
  const after = valueAfter(parameters, before);
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
  const diff = was === is ? "" : [...(was === undefined ? [] : [`- ${name} ${was}`]), `+ ${name} ${is}`].join("\n");
  return { changed: was !== is, diff, arguments: { [name]: after } };
}
