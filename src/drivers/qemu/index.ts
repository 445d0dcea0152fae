import { z } from "zod";
import type { Module } from "../../link/index.ts";
import { defineDriver, driverFunction, foundationType, loadedOperations, type Target } from "../driver.ts";
import { type QemuAttributes, qemuAttributes } from "./attributes.ts";
import type { QemuOperations, QemuOptions } from "./operations.ts";

export const qemuFoundations = foundationType("qemu", qemuAttributes);

/** The driver of virtual machines by QEMU. What does something is loaded when it is first called. */
export function createQemuModule(options: QemuOptions & { readonly limit?: number }): Module {
  let loaded: Promise<QemuOperations> | undefined;
  const load = () => (loaded ??= import("./operations.ts").then((module) => module.createQemuOperations(options)));

  return defineDriver({
    name: "qemu",
    limit: options.limit ?? 4,
    attributes: qemuAttributes,
    operations: {
      ...loadedOperations(load),
      close: async () => (await loaded)?.close?.(),
    },
    functions: {
      set_boot: driverFunction({
        summary: "Says what the machine starts from the next time, or from now on",
        parameters: z.strictObject({ device: z.enum(["pxe", "disk", "default"]), once: z.boolean().default(true) }),
        run: async (target: Target<QemuAttributes>, { device, once }) => (await load()).setBoot(target, device, once),
      }),
      serial_log: driverFunction({
        summary: "The last of what the machine said on its serial port",
        parameters: z.strictObject({ lines: z.int().min(1).max(200).default(20) }),
        observes: true,
        run: async (target: Target<QemuAttributes>, { lines }) => (await load()).serialLog(target, lines),
      }),
    },
  });
}
