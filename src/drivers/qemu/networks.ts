import { readdir } from "node:fs/promises";
import { GantryError } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/nearest.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { Target } from "../driver.ts";
import { lastWords, runProgram } from "../programs.ts";
import type { QemuAttributes } from "./attributes.ts";
import { QEMU_NETWORK_FAILED } from "./errors.ts";
import { tapName } from "./model.ts";

/** Bridges of the worker's machine, and the taps by which machines are plugged into them. QEMU makes a tap, which goes with its process. */

const LIMIT = 10_000;

/** Throws `qemu_network_failed` for a bridge that is not there. */
export async function checkBridges({ name, attributes }: Target<QemuAttributes>): Promise<void> {
  for (const { bridge } of attributes.networks) {
    if (bridge === undefined || (await readdir(`/sys/class/net/${bridge}/bridge`).catch(() => undefined))) continue;
    const near = nearest(bridge, await bridges());
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw new GantryError(
      QEMU_NETWORK_FAILED,
      `the virtual machine ${name}: the worker's machine has no bridge ${bridge}${hint}`,
    );
  }
}

/** Plugs the taps of a process that waits into their bridges. Throws `qemu_network_failed`. */
export async function plugIn(target: Target<QemuAttributes>, context: FunctionContext): Promise<void> {
  for (const [index, { bridge }] of target.attributes.networks.entries()) {
    if (bridge === undefined) continue;
    const words = ["link", "set", "dev", tapName(target.id, index), "master", bridge, "up"];
    const ended = await runProgram("ip", { ...context, arguments: words, limit: LIMIT, package: "iproute2" });
    if (ended.code !== 0)
      throw new GantryError(
        QEMU_NETWORK_FAILED,
        `the virtual machine ${target.name} cannot be plugged into ${bridge}: ${lastWords(ended)}`,
      );
  }
}

async function bridges(): Promise<readonly string[]> {
  const names = await readdir("/sys/class/net").catch(() => []);
  const found: string[] = [];
  for (const name of names) if (await readdir(`/sys/class/net/${name}/bridge`).catch(() => undefined)) found.push(name);
  return found;
}
