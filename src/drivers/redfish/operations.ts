import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { DriverOperations, Power, Target } from "../driver.ts";
import { waitUntil } from "../wait.ts";
import { setAccount } from "./account.ts";
import type { RedfishAttributes } from "./attributes.ts";
import { type Login, type Service, withService } from "./client.ts";
import { REDFISH_POWER_UNCHANGED } from "./errors.ts";
import { type BootDevice, interfaceOf, powerOf } from "./model.ts";
import { ethernetSchema, softwareSchema, updateServiceSchema } from "./schema.ts";
import { findSystem, setBoot, switchSystem } from "./system.ts";

export interface RedfishOptions {
  /** Milliseconds for one answer of a service. Default 30,000. */
  readonly answerLimit?: number;
  /** Milliseconds between two looks at a machine that is being switched. Default 1000. */
  readonly every?: number;
}

/** Milliseconds a machine has to go on, or off when its power is cut, once its BMC was told. */
const SWITCH_LIMIT = 60_000;
/** Milliseconds between two requests to shut down: a system that is still starting does not see the first. */
const PRESS_EVERY = 10_000;

export interface RedfishOperations extends DriverOperations<RedfishAttributes> {
  setBoot(
    target: Target<RedfishAttributes>,
    device: BootDevice,
    once: boolean,
    context: FunctionContext,
  ): Promise<Json>;
  /** Versions of what runs in it, and what it is. */
  firmware(target: Target<RedfishAttributes>, context: FunctionContext): Promise<Json>;
  configureBmc(target: Target<RedfishAttributes>, factory: Login, context: FunctionContext): Promise<Json>;
}

export function createRedfishOperations(options: RedfishOptions): RedfishOperations {
  const { answerLimit: limit = 30_000, every = 1000 } = options;

  function using<T>(
    { attributes }: Target<RedfishAttributes>,
    context: FunctionContext,
    act: (service: Service) => Promise<T>,
  ): Promise<T> {
    return withService(attributes, { limit }, context, act);
  }

  async function stateOf(service: Service, { attributes }: Target<RedfishAttributes>): Promise<Power> {
    return powerOf((await findSystem(service, attributes)).value);
  }

  /** Whether the machine is as it should be within the limit, in milliseconds. */
  async function becomes(
    power: Power,
    service: Service,
    target: Target<RedfishAttributes>,
    within: number,
    context: FunctionContext,
  ): Promise<boolean> {
    const look = async () => ((await stateOf(service, target)) === power ? true : undefined);
    return (await waitUntil(look, { ...context, every, limit: within })) === true;
  }

  async function change(
    power: Power,
    service: Service,
    target: Target<RedfishAttributes>,
    context: FunctionContext,
  ): Promise<void> {
    await switchSystem(service, target.attributes, power);
    if (await becomes(power, service, target, SWITCH_LIMIT, context)) return;
    const { address } = target.attributes;
    const still = `${SWITCH_LIMIT / 1000} s later the Redfish service at ${address} still says that it is not`;
    throw new GantryError(REDFISH_POWER_UNCHANGED, `${target.name} was to go ${power}, and ${still}`);
  }

  return {
    create: (target, context) =>
      using(target, context, async (service) => ({ adopted: true, power: await stateOf(service, target) })),
    destroy: (target, context) =>
      using(target, context, async (service) => {
        if ((await stateOf(service, target)) === "on") await change("off", service, target, context);
        return { power: "off" };
      }),
    powerOn: (target, context) =>
      using(target, context, async (service) => {
        if ((await stateOf(service, target)) === "on") return { power: "on", adopted: true };
        await change("on", service, target, context);
        return { power: "on", adopted: false };
      }),
    powerOff: (target, context) =>
      using(target, context, async (service) => {
        if ((await stateOf(service, target)) === "off") return { power: "off", gracefully: true };
        const end = context.clock.now() + target.attributes.stop_timeout * 1000;
        while (context.clock.now() < end) {
          await switchSystem(service, target.attributes, "shut down");
          const left = Math.max(0, Math.min(PRESS_EVERY, end - context.clock.now()));
          if (await becomes("off", service, target, left, context)) return { power: "off", gracefully: true };
        }
        await change("off", service, target, context);
        return { power: "off", gracefully: false };
      }),
    interfaceMap: (target, context) =>
      using(target, context, async (service) => {
        const { value: system } = await findSystem(service, target.attributes);
        const link = system.EthernetInterfaces?.["@odata.id"];
        if (link === undefined) return [];
        const found = await service.members(link, ethernetSchema);
        return found.map(({ value }) => interfaceOf(value, target.interfaces));
      }),
    observe: (target, context) =>
      using(target, context, async (service) => {
        const { value } = await findSystem(service, target.attributes);
        const detail = `${target.attributes.address} says that system ${value.Id} is ${value.PowerState}`;
        return { exists: true, power: powerOf(value), detail };
      }),
    async linkTest(target, context) {
      try {
        await using(target, context, (service) => stateOf(service, target));
        return true;
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        context.message(error.message);
        return false;
      }
    },
    setBoot: (target, device, once, context) =>
      using(target, context, async (service) => {
        await setBoot(service, target.attributes, device, once);
        return { boot: device, once };
      }),
    firmware: (target, context) =>
      using(target, context, async (service) => {
        const { value } = await findSystem(service, target.attributes);
        const update = service.root.UpdateService?.["@odata.id"];
        const inventory =
          update === undefined
            ? undefined
            : (await service.read(update, updateServiceSchema)).value.FirmwareInventory?.["@odata.id"];
        const software = inventory === undefined ? [] : await service.members(inventory, softwareSchema);
        const versions = software.flatMap(({ value: { Id, Name, Version } }) =>
          typeof Version === "string" ? [[Name ?? Id, Version] as const] : [],
        );
        const { UUID: uuid, Manufacturer: vendor, Model: product, SerialNumber: serial, BiosVersion: bios } = value;
        return {
          system: {
            uuid: uuid?.toLowerCase() ?? null,
            vendor: vendor ?? null,
            product: product ?? null,
            serial: serial ?? null,
          },
          firmware: { ...(typeof bios === "string" ? { bios } : {}), ...Object.fromEntries(versions) },
        };
      }),
    configureBmc: (target, factory, context) => setAccount(target.attributes, factory, { limit }, context),
  };
}
