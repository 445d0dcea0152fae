import { join } from "node:path";
import { acquireLock, ensurePrivateFolder } from "../../platform/files/index.ts";
import type { LoadedBundle } from "../../design/commands.ts";
import type { CommandContext } from "../context.ts";
import { USAGE } from "../errors.ts";
import { EXIT } from "../failure.ts";
import { printData } from "../output.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { ensureServer } from "../server/background.ts";
import { confirm } from "./ask.ts";
import { askPlan, loadDesign, printPlan, type PlanAnswer } from "./design.ts";
import { waitForLock } from "./lock.ts";
import type { DesignStatus } from "./status.ts";
import { printSummary, reportFailures, watchUntilSettled } from "./watch.ts";

/** How often a plan is made anew because things moved while it was looked at. */
const MOST_PLANS = 5;

/** `gantry up PATH…`. */
export async function up(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const loaded = await loadDesign(context, args);
  if (context.endpoint !== undefined) {
    if (options["foreground"] === true)
      throw new GantryError(USAGE, "--foreground runs a server here, and an endpoint is in use: add --endpoint local");
    context.terminal.error(`At ${context.endpoint.name} (${context.endpoint.url}):\n`);
    return upOnServer(context, options, loaded);
  }
  await ensurePrivateFolder(context.dataFolder);
  // Taken before the server is started: two that start it at once would meet at its lock.
  const release = await waitForLock(context, () => acquireLock(join(context.dataFolder, "up.lock")));
  try {
    if (options["foreground"] === true) {
      const { upInForeground } = await import("./foreground.ts");
      return await upInForeground(context, () => upOnServer(context, options, loaded));
    }
    await ensureServer(context);
    return await upOnServer(context, options, loaded);
  } finally {
    await release();
  }
}

async function upOnServer(
  context: CommandContext,
  options: Record<string, unknown>,
  loaded: LoadedBundle,
): Promise<number> {
  // Where a program reads the result, what is for people goes to the error stream.
  const shown = context.output === "table" ? context : onErrorStream(context);
  const plan = await planAndApply(shown, options, loaded);
  // Also without a change the design may still be in the making: an earlier `up` was interrupted.
  const status = await watch(shown, plan.design, plan.empty);
  if (status === undefined) return EXIT.interrupted;
  if (context.output !== "table") printData(context.terminal, context.output, status as unknown as Json);
  else if (!plan.empty || plan.underway > 0) printSummary(context, status);
  reportFailures(context, status);
  return EXIT.ok;
}

function onErrorStream(context: CommandContext): CommandContext {
  const { terminal } = context;
  return {
    ...context,
    terminal: { ...terminal, columns: terminal.columns, out: (text) => terminal.error(text), interactive: false },
  };
}

/** Shows the plan, asks, and applies it. Where things moved in between, the plan as it is now is shown and asked for again. */
async function planAndApply(
  context: CommandContext,
  options: Record<string, unknown>,
  loaded: LoadedBundle,
): Promise<PlanAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const plan = await askPlan(context, loaded);
    printPlan(context, plan);
    if (plan.empty) return plan;
    await confirm(context, "Apply this plan?", { yes: options["yes"] === true, destroys: plan.destroys });
    try {
      await context.client.designs.apply({ bundle: loaded.bundle, fingerprint: plan.fingerprint });
      return plan;
    } catch (error) {
      if (!(error instanceof GantryError) || error.code !== "plan_outdated" || attempt === MOST_PLANS) throw error;
      context.terminal.out("\nThings have moved since; the plan as it is now:\n");
    }
  }
}

/** Watches until all is done, or until Ctrl-C: then undefined, and the server goes on with what it has begun. */
async function watch(context: CommandContext, design: string, quiet: boolean): Promise<DesignStatus | undefined> {
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  try {
    const status = await watchUntilSettled(context, design, interrupted.signal, quiet);
    if (!interrupted.signal.aborted) return status;
    context.terminal.error(
      "\nInterrupted. The server goes on with what it has begun: `gantry up` shows the rest, `gantry down` undoes it.\n",
    );
    return undefined;
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}
