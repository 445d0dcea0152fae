import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { DriverOperations, Power, Target } from "../driver.ts";
import { PROGRAM_MISSING } from "../errors.ts";
import { waitUntil } from "../wait.ts";
import { setAccount } from "./account.ts";
import type { IpmiAttributes } from "./attributes.ts";
import { type Bmc, connectBmc } from "./client.ts";
import { IPMI_POWER_UNCHANGED, IPMI_REFUSED, IPMI_UNREACHABLE } from "./errors.ts";
import { bootCommand, type BootDevice, type Login, readLan, type Tries } from "./model.ts";

export interface IpmiOptions {
  /** How often a BMC that does not answer is asked again. Default: twice, after 2 seconds each. */
  readonly tries?: Tries;
  /** Milliseconds between two looks at a machine that is being switched. Default 1000. */
  readonly every?: number;
}

/** Milliseconds a machine has to go on, or off when its power is cut, once its BMC was told. */
const SWITCH_LIMIT = 60_000;
/** Milliseconds between two presses of the power button: a system that is still starting does not see the first. */
const PRESS_EVERY = 10_000;

export interface IpmiOperations extends DriverOperations<IpmiAttributes> {
  setBoot(target: Target<IpmiAttributes>, device: BootDevice, once: boolean, context: FunctionContext): Promise<Json>;
  identify(target: Target<IpmiAttributes>, seconds: number, context: FunctionContext): Promise<Json>;
  configureBmc(target: Target<IpmiAttributes>, factory: Login, context: FunctionContext): Promise<Json>;
}

export function createIpmiOperations(options: IpmiOptions): IpmiOperations {
  const { tries = { wait: 2, retries: 2 }, every = 1000 } = options;

  function bmcOf({ attributes }: Target<IpmiAttributes>, login?: Login): Bmc {
    return connectBmc(attributes, tries, login);
  }

  /** Whether the machine is as it should be within the limit, in milliseconds. */
  async function becomes(power: Power, bmc: Bmc, limit: number, context: FunctionContext): Promise<boolean> {
    const look = async () => ((await bmc.power(context)) === power ? true : undefined);
    return (await waitUntil(look, { ...context, every, limit })) === true;
  }

  /** A BMC is busy while it switches: when only its answer was lost, the machine says so. */
  async function change(
    power: Power,
    target: Target<IpmiAttributes>,
    bmc: Bmc,
    context: FunctionContext,
  ): Promise<void> {
    try {
      await bmc.ask(["chassis", "power", power], context);
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== IPMI_UNREACHABLE) throw error;
      if ((await bmc.power(context)) !== power) throw error;
    }
    if (!(await becomes(power, bmc, SWITCH_LIMIT, context))) throw unchanged(target, power);
  }

  return {
    async create(target, context) {
      return { adopted: true, power: await bmcOf(target).power(context) };
    },
    async destroy(target, context) {
      const bmc = bmcOf(target);
      if ((await bmc.power(context)) === "on") await change("off", target, bmc, context);
      return { power: "off" };
    },
    async powerOn(target, context) {
      const bmc = bmcOf(target);
      if ((await bmc.power(context)) === "on") return { power: "on", adopted: true };
      await change("on", target, bmc, context);
      return { power: "on", adopted: false };
    },
    async powerOff(target, context) {
      const bmc = bmcOf(target);
      if ((await bmc.power(context)) === "off") return { power: "off", gracefully: true };
      const end = context.clock.now() + target.attributes.stop_timeout * 1000;
      while (context.clock.now() < end) {
        await bmc.ask(["chassis", "power", "soft"], context);
        const left = Math.max(0, Math.min(PRESS_EVERY, end - context.clock.now()));
        if (await becomes("off", bmc, left, context)) return { power: "off", gracefully: true };
      }
      await change("off", target, bmc, context);
      return { power: "off", gracefully: false };
    },
    async interfaceMap(target, context) {
      const known = target.interfaces.map(({ device, mac }) => ({
        name: device,
        mac,
        addresses: [],
        network: null,
        gateway: null,
      }));
      try {
        const own = readLan(await bmcOf(target).lan(context));
        return own === undefined ? known : [own, ...known];
      } catch (error) {
        // A BMC that does not tell of itself.
        if (error instanceof GantryError && error.kind === IPMI_REFUSED) return known;
        throw error;
      }
    },
    async observe(target, context) {
      const { address, port } = target.attributes;
      return {
        exists: true,
        power: await bmcOf(target).power(context),
        detail: `its BMC is at ${address} port ${port}`,
      };
    },
    async linkTest(target, context) {
      try {
        await bmcOf(target).power(context);
        return true;
      } catch (error) {
        if (!(error instanceof GantryError) || error.kind === PROGRAM_MISSING) throw error;
        context.message(error.message);
        return false;
      }
    },
    async setBoot(target, device, once, context) {
      await bmcOf(target).ask(bootCommand(device, once, target.attributes.firmware), context);
      return { boot: device, once };
    },
    async identify(target, seconds, context) {
      await bmcOf(target).ask(["chassis", "identify", String(seconds)], context);
      return { seconds };
    },
    configureBmc: (target, factory, context) =>
      setAccount(target.attributes, bmcOf(target), { bmc: bmcOf(target, factory), user: factory.user }, context),
  };
}

function unchanged({ name, attributes }: Target<IpmiAttributes>, power: Power): GantryError {
  const waited = SWITCH_LIMIT / 1000;
  return new GantryError(
    IPMI_POWER_UNCHANGED,
    `${name} was to go ${power}, and ${waited} s later its BMC at ${attributes.address} still says that it is not`,
  );
}
