import type { CommandContext } from "../context.ts";
import { printData } from "../output.ts";
import { askPlan, loadDesign, printPlan } from "./design.ts";
import { ensureServer } from "../server/background.ts";

/** `gantry plan PATH…`: the plan, and nothing else. */
export async function plan(
  context: CommandContext,
  _options: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const loaded = await loadDesign(context, args);
  if (context.endpoint === undefined) await ensureServer(context);
  const answer = await askPlan(context, loaded);
  if (context.output === "table") printPlan(context, answer);
  else printData(context.terminal, context.output, answer as never);
}
