import { existsSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { pause } from "../clock.ts";
import type { VerbResult } from "../model.ts";
import { firstProgram, runTool, type Tool, type Tools } from "../tools.ts";
import { REBOOT_FAILED } from "./errors.ts";
import type { RebootMarkers } from "./markers.ts";
import { decideReboot, REBOOT_SECONDS, type RebootParameters } from "./model.ts";

/** What the verb uses of the world. */
export interface RebootWorld {
  readonly tools: Tools;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The same in every attempt of the same call. */
  readonly key: string;
  readonly markers: RebootMarkers;
  /** What changes when the node has come up again. */
  bootName(): Promise<string>;
}

/**
 * Writes down which boot it is, then asks for the reboot, and does not come back from that: the agent ends with the node. The agent after it
 * makes the same call again, with the same key, on another boot: that is its good end. Should the agent alone have been started anew, it asks
 * once more.
 *
 * Throws `reboot_failed`, `program_missing`, `command_failed`.
 */
export async function applyReboot(
  parameters: RebootParameters & { readonly timeout?: number | undefined },
  world: RebootWorld,
): Promise<VerbResult> {
  const { clock, markers, key } = world;
  const boot = await world.bootName();
  const marker = await markers.read(key);
  if (decideReboot(marker, boot) === "over") {
    return { changed: true, seconds: Math.round((clock.now() - (marker?.at ?? clock.now())) / 1000) };
  }
  const tool = await rebootTool(parameters, world.tools);
  await pause(clock, parameters.delay * 1000, world.signal);
  await markers.write({ key, boot, at: clock.now() });
  await runTool(world.tools, tool);
  const seconds = parameters.timeout ?? REBOOT_SECONDS;
  await pause(clock, seconds * 1000, world.signal);
  throw new GantryError(REBOOT_FAILED, `the node is still up ${seconds} seconds after it was asked to reboot`);
}

async function rebootTool({ message }: RebootParameters, tools: Tools): Promise<Tool> {
  if (existsSync("/run/systemd/system") && (await tools.has("systemctl"))) {
    return { program: "systemctl", arguments: [...(message === undefined ? [] : [`--message=${message}`]), "reboot"] };
  }
  const program = await firstProgram(tools, ["shutdown", "reboot"], "REBOOT");
  if (program === "reboot") return { program, arguments: [] };
  return { program, arguments: ["-r", "now", ...(message === undefined ? [] : [message])] };
}
