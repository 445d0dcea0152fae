import { resolve } from "node:path";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import { type DriverOperations, notCreated, type Target } from "../driver.ts";
import { FOUNDATION_ATTRIBUTES_INVALID } from "../errors.ts";
import { createAcceleratorChooser } from "./accelerator.ts";
import type { QemuAttributes } from "./attributes.ts";
import { makeDisks } from "./images.ts";
import { madeOf, makeFolder, placesOf, removeFolder } from "./folder.ts";
import { cardsOf, diskHash, type Places } from "./model.ts";
import { checkBridges } from "./networks.ts";
import { orderWith, powerOff, powerOn, setBoot } from "./power.ts";
import { endProcess, findProcess, statusOf } from "./process.ts";
import { createSerialKeeper, readSerial } from "./serial.ts";

export interface QemuOptions {
  /** Gantry's data folder; machines stand under `qemu/` in it. */
  readonly dataFolder: string;
  readonly clock?: Clock;
}

/** Seconds a system has to shut down, when its attributes cannot be read any more. */
const USUAL_STOP = 60;

/** What the driver does, beside the operations of every driver. */
export interface QemuOperations extends DriverOperations<QemuAttributes> {
  setBoot(target: Target<QemuAttributes>, device: "pxe" | "disk" | "default", once: boolean): Promise<Json>;
  /** The end of the serial log. */
  serialLog(target: Target<QemuAttributes>, lines: number): Promise<Json>;
}

export function createQemuOperations(options: QemuOptions): QemuOperations {
  const folder = resolve(options.dataFolder, "qemu");
  const keeper = createSerialKeeper(folder, options.clock ?? systemClock);
  const accelerator = createAcceleratorChooser();

  /** Throws `foundation_not_created` unless the machine's folder is there. */
  async function existing(target: Target): Promise<Places> {
    const places = placesOf(folder, target);
    if ((await madeOf(places, target.id)) === undefined) throw notCreated(target, `has no folder ${places.folder}`);
    keeper.watch();
    return places;
  }

  /** Ends the process, if one runs, without asking the system. */
  async function cut(places: Places, context: FunctionContext): Promise<void> {
    const running = await findProcess(places);
    if (running !== undefined) await endProcess(places, running, context);
  }

  return {
    async create(target, context) {
      const places = placesOf(folder, target);
      const wanted = diskHash(target.attributes);
      const made = await madeOf(places, target.id);
      keeper.watch();
      if (made === wanted) return { folder: places.folder, adopted: true };
      await checkBridges(target);
      if (made !== undefined) context.message(`${target.name} was made with other disks and is made anew`);
      await makeFolder(places, target, wanted, async (draft) => {
        await makeDisks(target, draft, context);
        await cut(places, context);
      });
      return { folder: places.folder, adopted: false };
    },
    async destroy(target, context) {
      const places = placesOf(folder, target);
      await cut(places, context);
      return { removed: await removeFolder(places, target.id) };
    },
    async powerOn(target, context) {
      const places = await existing(target);
      const choose = () => accelerator(target.attributes.acceleration, context);
      return { power: "on", serial_log: places.serial, ...(await powerOn(target, places, choose, context)) };
    },
    async powerOff(target, context) {
      return { power: "off", ...(await powerOff(placesOf(folder, target), stopSeconds(target), context)) };
    },
    async interfaceMap(target) {
      await existing(target);
      return cardsOf(target).map(({ device, mac, network }) => ({
        name: device,
        mac,
        // What the system on it takes is not seen from outside.
        addresses: [],
        network: network.bridge ?? network.multicast ?? "user",
        gateway: null,
      }));
    },
    async observe(target, context) {
      const places = placesOf(folder, target);
      if ((await madeOf(places, target.id)) === undefined)
        return { exists: false, power: "off", detail: `there is no folder ${places.folder} of it` };
      keeper.watch();
      const running = await findProcess(places);
      if (running === undefined) return { exists: true, power: "off", detail: "its process does not run" };
      const status = await statusOf(places, context);
      if (status === undefined || status === "running") {
        const answers = status === undefined ? ", which does not answer" : "";
        return { exists: true, power: "on", detail: `it is process ${running.pid}${answers}` };
      }
      return { exists: true, power: "off", detail: `its process ${running.pid} is in state ${status}` };
    },
    async setBoot(target, device, once) {
      const places = await existing(target);
      const usual = target.attributes.boot;
      const order = orderWith(device === "pxe" ? "network" : "disk", usual);
      await setBoot(places, device === "default" ? undefined : { order, once });
      return { boot: device === "default" ? [...usual] : order, once };
    },
    async serialLog(target, lines) {
      const text = await readSerial(await existing(target), lines * 1000);
      return {
        text: text
          .split("\n")
          .slice(-lines - 1)
          .join("\n"),
      };
    },
    async close() {
      keeper.close();
    },
  };
}

/** Also for a machine whose attributes are not right any more: it is to be stopped all the same. */
function stopSeconds(target: Target<QemuAttributes>): number {
  try {
    return target.attributes.stop_timeout;
  } catch (error) {
    if (error instanceof GantryError && error.kind === FOUNDATION_ATTRIBUTES_INVALID) return USUAL_STOP;
    throw error;
  }
}
