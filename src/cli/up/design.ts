import { checkBundle, loadBundle, type LoadedBundle } from "../../design/commands.ts";
import { problemText, type Problem } from "../../kernel/errors.ts";
import type { CommandContext } from "../context.ts";
import { serverState } from "../server/background.ts";
import { paint, printable } from "../terminal.ts";

/**
 * Reads the documents and the files they name. They are checked here before a server is started for them; one that runs checks them itself,
 * and this command need not load what that takes.
 *
 * @throws GantryError with every problem found
 */
export async function loadDesign(context: CommandContext, paths: readonly string[]): Promise<LoadedBundle> {
  const loaded = await loadBundle(paths);
  // Why a file could not be read is known only here.
  const sound = loaded.read.problems.length === 0 && loaded.refused.size === 0;
  if (sound && (await serverState(context)).running) return loaded;
  const { knownHere } = await import("../../server/index.ts");
  await checkBundle(loaded, knownHere());
  return loaded;
}

/** The server's answer to a plan. */
export interface PlanAnswer {
  /** Its name. */
  readonly design: string;
  readonly text: string;
  readonly fingerprint: string;
  /** Nothing to do. */
  readonly empty: boolean;
  /** Something that exists would be destroyed or replaced. */
  readonly destroys: boolean;
  /** Things that are on their way already, from an earlier command. */
  readonly underway: number;
  /** What is probably not meant, but does no harm. */
  readonly warnings: readonly object[];
}

export function askPlan(context: CommandContext, { bundle }: LoadedBundle): Promise<PlanAnswer> {
  return context.client.designs.plan({ bundle });
}

export function printPlan(context: CommandContext, plan: PlanAnswer): void {
  for (const one of plan.warnings)
    context.terminal.error(
      `${paint(context.terminal, "yellow", "warning")}: ${printable(problemText(one as Problem))}\n`,
    );
  context.terminal.out(plan.text.endsWith("\n") ? plan.text : `${plan.text}\n`);
}
