import type { VerbResult } from "../model.ts";
import { runTool } from "../tools.ts";
import type { SecontextParameters } from "./model.ts";
import { contextWork, type SecontextWorld } from "./plan.ts";

export async function applyContext(parameters: SecontextParameters, world: SecontextWorld): Promise<VerbResult> {
  const { tools, diff } = await contextWork(parameters, world);
  for (const tool of tools) await runTool(world.tools, tool);
  return { changed: tools.length > 0, changes: [...diff] };
}
