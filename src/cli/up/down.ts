import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { acquireLock } from "../../platform/files/index.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../failure.ts";
import { paint } from "../terminal.ts";
import { ensureServer, serverState, stopServer } from "../server/background.ts";
import { confirm } from "./ask.ts";
import { printPlan } from "./design.ts";
import { waitForLock } from "./lock.ts";
import { reportFailures, watchUntilSettled } from "./watch.ts";

/** `gantry down [--purge]`: every design of this server is destroyed, then the server ends. */
export async function down(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  if (!existsSync(context.dataFolder)) {
    context.terminal.out(`Nothing to take down: ${context.dataFolder} does not exist.\n`);
    return EXIT.ok;
  }
  // What was built must be destroyed by a server, so one is started if it was stopped before.
  await ensureServer(context);
  const release = await waitForLock(context, () => acquireLock(join(context.dataFolder, "up.lock")));
  try {
    const designs = await context.client.designs.list().all();
    for (const design of designs) {
      const done = await destroyDesign(context, design.name, options);
      if (!done) return EXIT.interrupted;
    }
    if ((await serverState(context)).running) await stopServer(context);
  } finally {
    await release();
  }
  if (options["purge"] === true) await rm(context.dataFolder, { recursive: true, force: true });
  context.terminal.out(
    paint(context.terminal, "green", options["purge"] === true ? "Everything is gone.\n" : "Everything is down.\n"),
  );
  return EXIT.ok;
}

async function destroyDesign(
  context: CommandContext,
  name: string,
  options: Record<string, unknown>,
): Promise<boolean> {
  const plan = await context.client.designs.destroy(name, { plan: true });
  if (!plan.empty) {
    printPlan(context, plan);
    await confirm(context, `Destroy all of this?`, { yes: options["yes"] === true, destroys: plan.destroys });
  }
  await context.client.designs.destroy(name, { plan: false, fingerprint: plan.fingerprint });
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once("SIGINT", onInterrupt);
  try {
    const status = await watchUntilSettled(context, name, interrupted.signal);
    if (interrupted.signal.aborted) {
      context.terminal.error("\nInterrupted. The server goes on; `gantry down` shows the rest.\n");
      return false;
    }
    reportFailures(context, status);
    return true;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
