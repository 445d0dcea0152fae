import type { Interface, Power } from "../driver.ts";
import type { Ethernet, System } from "./schema.ts";
import { refusalSchema } from "./schema.ts";

/** What is to be asked of a service, and what its answers mean: pure. */

/** A machine that is going on counts as on, and one that is going off is not off yet. */
export function powerOf({ PowerState: state }: Pick<System, "PowerState">): Power {
  return state === "Off" ? "off" : "on";
}

export type Switch = "on" | "shut down" | "off";

/** Kinds of reset that do the same, the best first. */
const RESETS: Readonly<Record<Switch, readonly string[]>> = {
  on: ["On", "ForceOn", "PushPowerButton"],
  "shut down": ["GracefulShutdown", "PushPowerButton"],
  off: ["ForceOff"],
};

/** The kind of reset to ask for; undefined when none that is allowed does it. A service that allows nothing in words is believed to know the usual. */
export function resetFor(what: Switch, allowed: readonly string[] | undefined): string | undefined {
  return allowed === undefined ? RESETS[what][0] : RESETS[what].find((one) => allowed.includes(one));
}

export type BootDevice = "pxe" | "disk" | "default";

const SOURCES: Readonly<Record<BootDevice, string>> = { pxe: "Pxe", disk: "Hdd", default: "None" };

/** What a system is told to start from. Undefined when it does not allow that. */
export function bootChange(
  device: BootDevice,
  once: boolean,
  allowed: readonly string[] | undefined,
): { readonly BootSourceOverrideTarget: string; readonly BootSourceOverrideEnabled: string } | undefined {
  const source = SOURCES[device];
  if (allowed !== undefined && device !== "default" && !allowed.includes(source)) return undefined;
  const enabled = device === "default" ? "Disabled" : once ? "Once" : "Continuous";
  return { BootSourceOverrideTarget: source, BootSourceOverrideEnabled: enabled };
}

/** A network interface, named as the inventory names the one with its MAC address. */
export function interfaceOf(
  found: Ethernet,
  known: readonly { readonly device: string; readonly mac: string | null }[],
): Interface {
  const mac = (found.MACAddress ?? found.PermanentMACAddress)?.toLowerCase().replaceAll("-", ":") ?? null;
  const addresses = found.IPv4Addresses ?? [];
  const device = mac === null ? undefined : known.find((one) => one.mac?.toLowerCase() === mac)?.device;
  return {
    name: device ?? found.Id,
    mac,
    addresses: addresses.flatMap(({ Address: address, SubnetMask: mask }) =>
      isKnown(address) ? [{ address, prefix: prefixOf(mask) }] : [],
    ),
    network: null,
    gateway: addresses.map(({ Gateway: gateway }) => gateway).find(isKnown) ?? null,
  };
}

function isKnown(address: string | null | undefined): address is string {
  return typeof address === "string" && address !== "" && address !== "0.0.0.0";
}

/** Bits of a mask like 255.255.255.0; 32 for what is none. */
function prefixOf(mask: string | null | undefined): number {
  const bits = (mask ?? "")
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1+0*$/.test(bits) && bits.length === 32 ? bits.lastIndexOf("1") + 1 : 32;
}

/** Where a link leads: an address of the same service. Undefined for one that leads elsewhere: a password is to go nowhere else. */
export function follow(base: string, link: string): URL | undefined {
  try {
    const url = new URL(link, base);
    return url.origin === new URL(base).origin && url.username === "" && url.password === "" ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds to wait by a `Retry-After` header, which holds seconds or a date; at most 30 seconds, and 1 second where it says nothing of use. */
export function retryAfter(header: string | undefined, now: number): number {
  const seconds = /^\d{1,6}$/.test(header ?? "") ? Number(header) * 1000 : Date.parse(header ?? "") - now;
  return Number.isNaN(seconds) ? 1000 : Math.min(Math.max(seconds, 0), 30_000);
}

/** A refusal in the service's own words; empty when it has none. */
export function refusalText(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return "";
  }
  const parsed = refusalSchema.safeParse(json).data?.error;
  const all = [...(parsed?.["@Message.ExtendedInfo"] ?? []).map((one) => one.Message), parsed?.message];
  return (all.find((one) => one !== undefined && one !== "") ?? "").slice(0, 500);
}
