import { z } from "zod";
import type { Module } from "../../link/index.ts";
import { defineDriver, driverFunction, foundationType, loadedOperations, secretText, type Target } from "../driver.ts";
import { type RedfishAttributes, redfishAttributes } from "./attributes.ts";
import type { RedfishOperations, RedfishOptions } from "./operations.ts";

export const redfishFoundations = foundationType("redfish", redfishAttributes);

/** The driver of machines with a BMC that speaks Redfish. What does something is loaded when it is first called. */
export function createRedfishModule(options: RedfishOptions & { readonly limit?: number } = {}): Module {
  let loaded: Promise<RedfishOperations> | undefined;
  const load = () => (loaded ??= import("./operations.ts").then((module) => module.createRedfishOperations(options)));

  return defineDriver({
    name: "redfish",
    origin: "found",
    limit: options.limit ?? 16,
    attributes: redfishAttributes,
    operations: loadedOperations(load),
    functions: {
      set_boot: driverFunction({
        summary: "Says what the machine starts from the next time, or from now on",
        parameters: z.strictObject({ device: z.enum(["pxe", "disk", "default"]), once: z.boolean().default(true) }),
        run: async (target: Target<RedfishAttributes>, { device, once }, context) =>
          (await load()).setBoot(target, device, once, context),
      }),
      firmware: driverFunction({
        summary: "The versions of the machine's firmware, and what machine it is",
        parameters: z.strictObject({}),
        observes: true,
        run: async (target: Target<RedfishAttributes>, _given, context) => (await load()).firmware(target, context),
      }),
      configure_bmc: driverFunction({
        summary: "Has the BMC take the user and the password of the attributes, let in by what it has from the factory",
        parameters: z.strictObject({ factory_user: z.string().min(1), factory_password: secretText }),
        run: async (target: Target<RedfishAttributes>, { factory_user: user, factory_password: password }, context) =>
          (await load()).configureBmc(target, { user, password }, context),
      }),
    },
  });
}
