import { access } from "node:fs/promises";
import { GantryError } from "../../kernel/errors.ts";
import type { VerbPlan } from "../model.ts";
import { firstProgram, runTool, type Tools } from "../tools.ts";
import { type ContextWork, decideContext, listRules, ruleIn } from "./decide.ts";
import { SELINUX_OFF } from "./errors.ts";
import type { SecontextParameters } from "./model.ts";

/** What the verb uses of the world. */
export interface SecontextWorld {
  readonly tools: Tools;
  isEnabled(): Promise<boolean>;
}

/** The kernel shows this where SELinux is on. */
export async function isSelinuxEnabled(): Promise<boolean> {
  return access("/sys/fs/selinux/enforce").then(
    () => true,
    () => false,
  );
}

export async function planContext(parameters: SecontextParameters, world: SecontextWorld): Promise<VerbPlan> {
  const { tools, diff } = await contextWork(parameters, world);
  return { changed: tools.length > 0, diff: diff.map((line) => `${line}\n`).join("") };
}

/** Throws `selinux_off`, `program_missing`, `command_failed`. */
export async function contextWork(parameters: SecontextParameters, world: SecontextWorld): Promise<ContextWork> {
  if (!(await world.isEnabled())) throw new GantryError(SELINUX_OFF, "SELinux is not enabled on this node");
  await firstProgram(world.tools, ["semanage"], "SECONTEXT");
  if (parameters.restore) await firstProgram(world.tools, ["restorecon"], "SECONTEXT");
  return decideContext(parameters, ruleIn((await runTool(world.tools, listRules)).stdout, parameters));
}
