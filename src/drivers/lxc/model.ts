import { createHash } from "node:crypto";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { canonicalJson, type Json } from "../../kernel/json.ts";
import { addressAt, formatAddress, isIpv4, parseAddress, parseBlock } from "../../network/index.ts";
import { agentArguments, agentPath, COMPILE_CACHE, RUNTIME } from "../agent-place.ts";
import type { Target } from "../driver.ts";
import { hasAgent, holds, type LxcAttributes, type NetworkUse } from "./attributes.ts";
import { LXC_ADDRESS_INVALID } from "./errors.ts";

/** From attributes to the configuration of a container. */

/** Where things of one container are. */
export interface Places {
  readonly folder: string;
  /** Whose container it is, and what it was made of. */
  readonly record: string;
  readonly config: string;
  /** What the container wrote over what it was made from; `work` belongs to the overlay. */
  readonly upper: string;
  readonly work: string;
  readonly console: string;
  readonly log: string;
}

export function placesIn(folder: string): Places {
  return {
    folder,
    record: join(folder, "foundation.json"),
    config: join(folder, "config"),
    upper: join(folder, "upper"),
    // LXC puts it beside the upper folder, under this name.
    work: join(folder, "work"),
    console: join(folder, "console.log"),
    log: join(folder, "lxc.log"),
  };
}

/** A bridge: its addresses, as it has them or is to get them. */
export interface BridgeInfo {
  readonly name: string;
  /** Gantry made it. */
  readonly own: boolean;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
}

/**
 * The way out by IPv6, on every bridge that Gantry makes. A route by an address of the subnet could not be set before the kernel has that
 * subnet's own, which is a race with the start of the container.
 */
export const LINK_LOCAL = "fe80::1";

/** What a bridge gets that is made for a network: the gateway, or the first address, of each subnet. */
export function bridgeOf({ name, subnet, gateway }: NetworkUse): BridgeInfo {
  return {
    name,
    own: true,
    addresses: subnet.map((text) => {
      const block = parseBlock(text);
      const own = gateway.find((one) => holds(text, one)) ?? formatAddress(addressAt(block, block.firstOffset));
      return { address: own, prefix: block.prefix };
    }),
  };
}

/** An interface of a container. */
export interface Placement {
  readonly network: string;
  readonly device: string;
  readonly mac: string;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
  /** The way out, at most one a family, of the first network that has one. */
  readonly gateways: readonly string[];
}

/**
 * Where a container gets which addresses: each in the first network that holds it, by its subnet or by an address of its bridge. Interfaces of
 * the inventory lend their names and MACs in the order of the networks. Throws `lxc_address_invalid`.
 */
export function placements(
  target: Pick<Target, "id" | "name" | "addresses" | "interfaces">,
  uses: readonly NetworkUse[],
  bridges: readonly BridgeInfo[],
): readonly Placement[] {
  const subnets = uses.map(({ subnet }, index) =>
    subnet.length > 0 ? subnet : (bridges[index]?.addresses ?? []).map(({ address, prefix }) => `${address}/${prefix}`),
  );
  const held: { address: string; prefix: number }[][] = uses.map(() => []);
  function give(wanted: string, candidates: readonly number[]): void {
    for (const index of candidates) {
      const home = subnets[index]?.find((subnet) => holds(networkOf(subnet), wanted));
      if (home === undefined) continue;
      held[index]?.push({ address: wanted, prefix: Number(home.split("/")[1]) });
      return;
    }
    const known = uses.map(({ name }, index) => [name, ...(subnets[index] ?? []).map(networkOf)].join(" ")).join(", ");
    throw invalid(target, `${wanted} lies in none of its networks${known === "" ? "" : ` (${known})`}`);
  }
  for (const [index, { address }] of uses.entries()) for (const one of address) give(one, [index]);
  const all = uses.map((_, index) => index);
  for (const one of target.addresses) if (!held.flat().some(({ address }) => address === one)) give(one, all);
  const families = new Set<boolean>();
  return uses.map(({ name, gateway }, index) => {
    const addresses = held[index] ?? [];
    const bridge = bridges[index];
    const ways = bridge?.own === true ? bridge.addresses.map(({ address }) => wayBy(address)) : gateway;
    const gateways = ways.filter((way) => {
      const family = isIpv4(parseAddress(way));
      const usable = !families.has(family) && addresses.some(({ address }) => isIpv4(parseAddress(address)) === family);
      if (usable) families.add(family);
      return usable;
    });
    const given = target.interfaces[index];
    return {
      network: name,
      device: given?.device ?? `eth${index}`,
      mac: given?.mac ?? macOf(target.id, index),
      addresses,
      gateways,
    };
  });
}

/** What is written down of a container: all that is needed to start it, to see it and to remove it. */
export interface ContainerRecord {
  readonly id: string;
  /** Hash of what it was made of: another one makes another container. */
  readonly made: string;
  /** Name of the unpacked tarball it stands on; null when it stands on something that is not ours. */
  readonly template: string | null;
  /** Hash of the agent's runtime; null: it has no agent. */
  readonly runtime: string | null;
  /** Program and arguments; empty: its own /sbin/init. */
  readonly program: readonly string[];
  readonly networks: readonly NetworkUse[];
  readonly interfaces: readonly Placement[];
}

/** Program and arguments of the container; empty: its own /sbin/init. */
export function programOf(attributes: LxcAttributes): readonly string[] {
  if (!hasAgent(attributes)) return attributes.command ?? [];
  return [RUNTIME.node, ...agentArguments(attributes.folder)];
}

/** Says whether two foundations would become the same container. */
export function madeOf(target: Target, attributes: LxcAttributes): string {
  const { id, hostname, addresses, interfaces } = target;
  const all = { id, hostname, addresses, interfaces, attributes } as unknown as Json;
  return createHash("sha256").update(canonicalJson(all)).digest("hex");
}

/** What the configuration says beside the attributes. */
export interface Ingredients {
  /** Where the container is going to be. */
  readonly places: Pick<Places, "upper" | "console">;
  /** What the container's root file system is laid over. */
  readonly lower: string;
  readonly interfaces: readonly Placement[];
  /** Folder of the agent's runtime; with an agent. */
  readonly runtime?: string;
  /** Sources of mounts that are no folders. */
  readonly files: ReadonlySet<string>;
  /** A file of LXC that says which system calls are let through. */
  readonly seccomp?: string;
  readonly limits: readonly string[];
}

/** Capabilities nobody in a container needs, as in LXC's own common.conf: the clock, modules, raw hardware and the rules of the machine. */
const DROPPED = "mac_admin mac_override sys_time sys_module sys_rawio";

/** The configuration file. Source: lxc.container.conf(5). */
export function configText(target: Target, attributes: LxcAttributes, from: Ingredients): string {
  const { places, interfaces } = from;
  const folder = hasAgent(attributes) ? undefined : attributes.folder;
  const lines = [
    "# Written by Gantry, and written again when the foundation changes.",
    `lxc.uts.name = ${target.hostname}`,
    `lxc.rootfs.path = overlay:${from.lower}:${places.upper}`,
    `lxc.console.logfile = ${places.console}`,
    "lxc.tty.max = 0",
    "lxc.pty.max = 1024",
    // Only an init of its own has something to do with control groups.
    `lxc.mount.auto = proc:mixed sys:mixed${from.runtime === undefined && attributes.command === undefined ? " cgroup:mixed" : ""}`,
    `lxc.cap.drop = ${DROPPED}`,
    ...(from.seccomp === undefined ? [] : [`lxc.seccomp.profile = ${from.seccomp}`]),
    ...interfaces.flatMap(interfaceLines),
    ...(interfaces.length === 0 ? ["lxc.net.0.type = empty"] : []),
    ...attributes.mounts.map((mount) => mountLine(mount, from.files)),
    ...(from.runtime === undefined ? [] : [bindLine(from.runtime, RUNTIME.folder, "ro,create=dir")]),
    ...(folder === undefined ? [] : [`lxc.init.cwd = ${folder}`]),
    ...environment(target, attributes).map((one) => `lxc.environment = ${one}`),
    ...from.limits,
  ];
  // Whatever a value holds, it adds no line of its own.
  return lines.map((line) => `${line.replaceAll(/[\n\r\0]/g, " ")}\n`).join("");
}

function interfaceLines({ network, device, mac, addresses, gateways }: Placement, index: number): readonly string[] {
  const key = `lxc.net.${index}`;
  const family = (address: string): string => (isIpv4(parseAddress(address)) ? "ipv4" : "ipv6");
  return [
    `${key}.type = veth`,
    `${key}.link = ${network}`,
    `${key}.flags = up`,
    `${key}.name = ${device}`,
    `${key}.hwaddr = ${mac}`,
    ...addresses.map(({ address, prefix }) => `${key}.${family(address)}.address = ${address}/${prefix}`),
    ...gateways.map((address) => `${key}.${family(address)}.gateway = ${address}`),
  ];
}

function mountLine(
  { source, target, read_only: readOnly }: LxcAttributes["mounts"][number],
  files: ReadonlySet<string>,
): string {
  const mode = readOnly ? "ro" : "rw";
  if (source === undefined) return `lxc.mount.entry = tmpfs ${inside(target)} tmpfs ${mode},create=dir 0 0`;
  return bindLine(source, target, `${mode},create=${files.has(source) ? "file" : "dir"}`);
}

function bindLine(source: string, target: string, options: string): string {
  return `lxc.mount.entry = ${escaped(source)} ${inside(target)} none bind,${options} 0 0`;
}

/** Relative to the container's root: so LXC finds the place itself. */
function inside(target: string): string {
  return escaped(target.replace(/^\/+/, ""));
}

/** As in fstab(5). */
function escaped(path: string): string {
  return path.replaceAll("\\", "\\134").replaceAll(" ", "\\040").replaceAll("\t", "\\011");
}

function environment(target: Target, attributes: LxcAttributes): readonly string[] {
  const all = new Map(Object.entries(attributes.environment).map(([name, value]) => [name, String(value)]));
  all.set("GANTRY_FOUNDATION", target.id);
  if (hasAgent(attributes)) all.set("PATH", agentPath(all.get("PATH")));
  if (hasAgent(attributes) && !all.has("HOME")) all.set("HOME", "/root");
  const lines = [...all].map(([name, value]) => `${name}=${value}`);
  return hasAgent(attributes) ? [...lines, COMPILE_CACHE] : lines;
}

function wayBy(address: string): string {
  return isIpv4(parseAddress(address)) ? address : LINK_LOCAL;
}

/** Locally administered, and the same whenever the container is made. */
function macOf(id: string, index: number): string {
  const bytes = createHash("sha256").update(`${id} ${index}`).digest().subarray(0, 5);
  return ["02", ...[...bytes].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** `10.0.0.7/24` to `10.0.0.0/24`. */
function networkOf(subnet: string): string {
  const block = parseBlock(subnet);
  return `${formatAddress(block.subnet)}/${block.prefix}`;
}

function invalid(target: Pick<Target, "name">, what: string): GantryError {
  return new GantryError(LXC_ADDRESS_INVALID, `foundation ${target.name}: ${what}`);
}
