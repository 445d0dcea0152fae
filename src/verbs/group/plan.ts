import type { VerbPlan } from "../model.ts";
import { type AccountWorld, readNode } from "../user/index.ts";
import { decideGroup } from "./decide.ts";
import type { GroupParameters } from "./model.ts";

export async function planGroup(parameters: GroupParameters, world: AccountWorld): Promise<VerbPlan> {
  const { step, diff } = decideGroup(parameters, await readNode(world, parameters.root));
  return { changed: step !== "none", diff: diff.map((line) => `${line}\n`).join("") };
}
