import { z } from "zod";
import type { Module } from "../../link/index.ts";
import { defineDriver, driverFunction, foundationType, loadedOperations, type Target } from "../driver.ts";
import { type IpmiAttributes, ipmiAttributes, passwordText, userName } from "./attributes.ts";
import type { IpmiOperations, IpmiOptions } from "./operations.ts";

export const ipmiFoundations = foundationType("ipmi", ipmiAttributes);

/** The driver of machines with a BMC that speaks IPMI 2.0, by ipmitool. What does something is loaded when it is first called. */
export function createIpmiModule(options: IpmiOptions & { readonly limit?: number } = {}): Module {
  let loaded: Promise<IpmiOperations> | undefined;
  const load = () => (loaded ??= import("./operations.ts").then((module) => module.createIpmiOperations(options)));

  return defineDriver({
    name: "ipmi",
    origin: "found",
    limit: options.limit ?? 16,
    attributes: ipmiAttributes,
    operations: loadedOperations(load),
    functions: {
      set_boot: driverFunction({
        summary: "Says what the machine starts from the next time, or from now on",
        parameters: z.strictObject({ device: z.enum(["pxe", "disk", "default"]), once: z.boolean().default(true) }),
        run: async (target: Target<IpmiAttributes>, { device, once }, context) =>
          (await load()).setBoot(target, device, once, context),
      }),
      identify: driverFunction({
        summary: "Has the machine's light blink, so that somebody finds it",
        parameters: z.strictObject({ seconds: z.int().min(0).max(255).default(60) }),
        run: async (target: Target<IpmiAttributes>, { seconds }, context) =>
          (await load()).identify(target, seconds, context),
      }),
      configure_bmc: driverFunction({
        summary: "Has the BMC take the user and the password of the attributes, let in by what it has from the factory",
        parameters: z.strictObject({ factory_user: userName, factory_password: passwordText }),
        run: async (target: Target<IpmiAttributes>, { factory_user: user, factory_password: password }, context) =>
          (await load()).configureBmc(target, { user, password }, context),
      }),
    },
  });
}
