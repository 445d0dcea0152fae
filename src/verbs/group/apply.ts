import type { VerbResult } from "../model.ts";
import { runTool } from "../tools.ts";
import { type AccountWorld, readNode } from "../user/index.ts";
import { busyboxTool, decideGroup, shadowTool } from "./decide.ts";
import type { GroupParameters } from "./model.ts";

/** Safe to repeat: it starts from what is there. */
export async function applyGroup(parameters: GroupParameters, world: AccountWorld): Promise<VerbResult> {
  const { step, diff } = decideGroup(parameters, await readNode(world, parameters.root));
  if (step !== "none") {
    const toolFor = (await world.tools.has("groupadd")) ? shadowTool : busyboxTool;
    const root = parameters.root === undefined ? undefined : world.path(parameters.root);
    await runTool(world.tools, toolFor(step, parameters, root));
  }
  const group = (await readNode(world, parameters.root)).groups.find(({ name }) => name === parameters.name);
  return { changed: step !== "none", changes: [...diff], ...(group === undefined ? {} : { gid: group.gid }) };
}
