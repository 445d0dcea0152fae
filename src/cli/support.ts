import { SERVER_NOT_RUNNING } from "../client/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { sizeText, writePrivateOutput } from "./private-output.ts";
import { VERSION } from "./version.ts";

/** `gantry support-bundle --out FILE`. */
export async function supportBundle(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const out = String(options["out"]);
  const bytes = await writePrivateOutput(out, (signal) => load(context, signal));
  context.terminal.out(`Support bundle written to ${out} (${sizeText(bytes)}). Read it before you pass it on.\n`);
}

/** From the server, or, when none runs, what its data folder tells: that it does not run may be what is wrong. */
async function load(context: CommandContext, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await context.client.download("/v1/support-bundle", { signal });
  } catch (error) {
    if (!(error instanceof GantryError) || error.kind !== SERVER_NOT_RUNNING) throw error;
    context.terminal.error("No server runs: the bundle holds versions and the end of its log.\n");
    const { offlineBundle } = await import("../support/commands.ts");
    return await offlineBundle(VERSION, context.dataFolder, systemClock);
  }
}
