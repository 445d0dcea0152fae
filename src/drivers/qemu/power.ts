import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import type { FunctionContext } from "../../link/index.ts";
import { writePrivateFile } from "../../platform/files/index.ts";
import type { Target } from "../driver.ts";
import type { BootDevice, QemuAttributes } from "./attributes.ts";
import { findFirmware, makeSeed } from "./images.ts";
import { type Accelerator, commandLine, type Places } from "./model.ts";
import { checkBridges, plugIn } from "./networks.ts";
import { endProcess, findProcess, isGone, startProcess, statusOf } from "./process.ts";
import { command } from "./qmp.ts";
import { trimSerial } from "./serial.ts";

/** Switching machines on and off. */

/** Milliseconds between two presses of the power button: a system that is still starting does not see the first. */
const PRESS_EVERY = 2000;
const ANSWER_LIMIT = 5000;
/** Milliseconds for clearing up, whatever else ended. */
const CLEANUP_LIMIT = 30_000;

const bootRecord = z.object({ order: z.array(z.enum(["disk", "network"])), once: z.boolean() });
type BootRecord = z.output<typeof bootRecord>;

/** Has a machine start from something else the next time, or until further notice; from what its attributes say, with undefined. */
export async function setBoot(places: Places, next: BootRecord | undefined): Promise<void> {
  if (next === undefined) await rm(places.boot, { force: true });
  else await writePrivateFile(places.boot, `${JSON.stringify(next)}\n`);
}

/** Starts the machine, or lets one go on that waits. Returns whether it ran already. A start that fails leaves no process. */
export async function powerOn(
  target: Target<QemuAttributes>,
  places: Places,
  choose: () => Promise<Accelerator>,
  context: FunctionContext,
): Promise<{ readonly adopted: boolean; readonly accelerator?: Accelerator }> {
  const there = await findProcess(places);
  const status = there === undefined ? undefined : await statusOf(places, context);
  if (status === "running") return { adopted: true };
  try {
    if (there !== undefined && (status === "prelaunch" || status === "paused")) {
      await goOn(target, places, context);
      return { adopted: false };
    }
    // One that hangs, or that QEMU gave up.
    if (there !== undefined) await endProcess(places, there, context);
    await checkBridges(target);
    const accelerator = await choose();
    await trimSerial(places);
    const next = await nextBoot(places);
    const words = commandLine(target, {
      places,
      accelerator,
      boot: next?.order ?? target.attributes.boot,
      firmwareCode: target.attributes.firmware === "uefi" ? (await findFirmware()).code : undefined,
      seed: await makeSeed(target, places, context),
    });
    await startProcess(target.name, places, words, context);
    await goOn(target, places, context);
    return { adopted: false, accelerator };
  } catch (error) {
    await afterwards(context, async (last) => {
      const left = await findProcess(places);
      if (left !== undefined) await endProcess(places, left, last);
      await rm(places.process, { force: true });
    });
    throw error;
  }
}

/** Presses the power button until the system is down; after its time, in seconds, the power is cut. */
export async function powerOff(
  places: Places,
  seconds: number,
  context: FunctionContext,
): Promise<{ readonly gracefully: boolean }> {
  const running = await findProcess(places);
  if (running === undefined) return { gracefully: true };
  const end = context.clock.now() + seconds * 1000;
  while (context.clock.now() < end && (await statusOf(places, context)) === "running") {
    await command(places, "system_powerdown", {}, { ...context, limit: ANSWER_LIMIT }).catch(() =>
      context.signal.throwIfAborted(),
    );
    const left = Math.max(0, Math.min(PRESS_EVERY, end - context.clock.now()));
    if (await isGone(running, context, left)) break;
  }
  const gracefully = await isGone(running, context, 0);
  if (!gracefully) await endProcess(places, running, context);
  await rm(places.process, { force: true });
  return { gracefully };
}

async function goOn(target: Target<QemuAttributes>, places: Places, context: FunctionContext): Promise<void> {
  await plugIn(target, context);
  await command(places, "cont", {}, { ...context, limit: ANSWER_LIMIT });
  if ((await nextBoot(places))?.once === true) await setBoot(places, undefined);
}

async function nextBoot(places: Places): Promise<BootRecord | undefined> {
  return readFile(places.boot, "utf8").then(
    (text) => bootRecord.safeParse(JSON.parse(text)).data,
    () => undefined,
  );
}

/** The order that puts one kind of device first. */
export function orderWith(first: BootDevice, usual: readonly BootDevice[]): BootDevice[] {
  return [first, ...usual.filter((one) => one !== first)];
}

/** Clears up after a failure, also after a cancel, which ends everything else. What fails here is left to the next attempt. */
async function afterwards(context: FunctionContext, act: (context: FunctionContext) => Promise<void>): Promise<void> {
  const limit = new AbortController();
  const disarm = context.clock.after(CLEANUP_LIMIT, () => limit.abort(new Error("clearing up took too long")));
  try {
    await act({ ...context, signal: limit.signal });
  } catch {
    // The error that brought us here says more.
  } finally {
    disarm();
  }
}
