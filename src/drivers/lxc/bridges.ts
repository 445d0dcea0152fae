import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/nearest.ts";
import { holds, type NetworkUse } from "./attributes.ts";
import { LXC_NETWORK_INVALID } from "./errors.ts";
import { type Folders, makeFolder, namesIn, readJson, writeJson } from "./folder.ts";
import { type BridgeInfo, bridgeOf, LINK_LOCAL } from "./model.ts";
import { must, run, type Under } from "./programs.ts";

/**
 * The bridges that containers are plugged into. One that says its subnet is made when missing, and removed when nobody uses it. That it is to
 * be ours is written down before it is made, so that a crash leaves no bridge behind that nobody would remove.
 */

const INTERFACES = "/sys/class/net";
const ours = z.object({
  name: z.string(),
  addresses: z.array(z.object({ address: z.string(), prefix: z.int() })),
  nat: z.boolean(),
});
const held = z.looseObject({ local: z.string().optional(), prefixlen: z.int().default(0) });
// For a family that it was not asked for, ip(8) shows empty objects.
const shown = z.array(z.looseObject({ addr_info: z.array(held).default([]) }));

export interface BridgeKeeper {
  /** The bridges in the order of their use, made when they say their subnet. Throws `lxc_network_invalid`. */
  ensure(uses: readonly NetworkUse[], under: Under): Promise<readonly BridgeInfo[]>;
  /** Removes bridges of ours that are not `used` and that nothing is plugged into. */
  removeUnused(used: ReadonlySet<string>, under: Under): Promise<void>;
}

export function createBridgeKeeper({ bridges: folder }: Folders): BridgeKeeper {
  /** What was seen lately, by use and by the number the kernel gave the bridge, which it gives to no other. */
  const seen = new Map<string, { readonly index: string; readonly bridge: BridgeInfo }>();

  function recordOf(name: string): string {
    return join(folder, `${name}.json`);
  }

  async function ensureOne(use: NetworkUse, under: Under): Promise<BridgeInfo> {
    const key = JSON.stringify(use);
    const index = await indexOf(use.name);
    const before = seen.get(key);
    if (index !== undefined && before?.index === index) return before.bridge;
    const bridge = await (index === undefined ? make(use, under) : adopt(use, under));
    const now = await indexOf(use.name);
    if (now !== undefined) seen.set(key, { index: now, bridge });
    return bridge;
  }

  async function make(use: NetworkUse, under: Under): Promise<BridgeInfo> {
    if (use.subnet.length === 0) throw await missing(use.name);
    const bridge = bridgeOf(use);
    await makeFolder(folder);
    await writeJson(recordOf(use.name), { name: bridge.name, addresses: bridge.addresses, nat: use.nat });
    await complete(bridge, use.nat, under);
    return bridge;
  }

  async function adopt(use: NetworkUse, under: Under): Promise<BridgeInfo> {
    if (!existsSync(join(INTERFACES, use.name, "bridge"))) {
      throw new GantryError(LXC_NETWORK_INVALID, `${use.name} is an interface of this machine, and no bridge`);
    }
    const own = await readJson(recordOf(use.name), ours);
    const bridge = own ?? { name: use.name, own: false, addresses: await addressesOf(use.name, under) };
    const lost = use.subnet.find((subnet) => !bridge.addresses.some(({ address }) => holds(subnet, address)));
    if (lost !== undefined) {
      const has = bridge.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(", ") || "none";
      throw new GantryError(
        LXC_NETWORK_INVALID,
        `bridge ${use.name} exists with addresses ${has}, and none of ${lost}`,
      );
    }
    // Perhaps whoever made it did not come to the end.
    if (own !== undefined) await complete(own, own.nat, under);
    return { name: bridge.name, own: own !== undefined, addresses: bridge.addresses };
  }

  return {
    async ensure(uses, under) {
      const found: BridgeInfo[] = [];
      for (const use of uses) found.push(await ensureOne(use, under));
      return found;
    },
    async removeUnused(used, under) {
      for (const file of (await namesIn(folder)) ?? []) {
        const own = await readJson(join(folder, file), ours);
        if (own === undefined || used.has(own.name) || (await portsOf(own.name)) > 0) continue;
        if (own.nat) await run("nft", ["delete", "table", "inet", tableOf(own.name)], under);
        if ((await indexOf(own.name)) !== undefined) {
          await must(`remove bridge ${own.name}`, "ip", ["link", "delete", own.name, "type", "bridge"], under);
        }
        await rm(join(folder, file), { force: true });
      }
    },
  };
}

/** Each step may have been done before. */
async function complete(
  { name, addresses }: Pick<BridgeInfo, "name" | "addresses">,
  nat: boolean,
  under: Under,
): Promise<void> {
  if ((await indexOf(name)) === undefined) {
    const { code, stderr } = await run("ip", ["link", "add", "name", name, "type", "bridge"], under);
    if (code !== 0 && (await indexOf(name)) === undefined) {
      throw new GantryError(LXC_NETWORK_INVALID, `cannot make bridge ${name}: ${stderr.trim()}`);
    }
  }
  const six = addresses.some(({ address }) => address.includes(":"));
  for (const { address, prefix } of [...addresses, ...(six ? [{ address: LINK_LOCAL, prefix: 64 }] : [])]) {
    // The kernel would not use an address of IPv6 before it has asked around for a second whether somebody has it.
    const quick = address.includes(":") ? ["nodad"] : [];
    const words = ["address", "replace", `${address}/${prefix}`, "dev", name, ...quick];
    await must(`give bridge ${name} an address`, "ip", words, under);
  }
  await must(`switch bridge ${name} on`, "ip", ["link", "set", name, "up"], under);
  if (nat) await translate(name, addresses, under);
}

/** What is behind the bridge goes out under the machine's own address. */
async function translate(name: string, addresses: BridgeInfo["addresses"], under: Under): Promise<void> {
  const table = tableOf(name);
  const rules = addresses.map(({ address, prefix }) => {
    const family = address.includes(":") ? "ip6" : "ip";
    return `${family} saddr ${address}/${prefix} oifname != "${name}" masquerade`;
  });
  const input = [
    `table inet ${table} {}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    "chain out {",
    "type nat hook postrouting priority 100",
    ...rules,
    "}",
    "}",
  ].join("\n");
  await must(`let what is behind bridge ${name} out`, "nft", ["--file", "-"], under, `${input}\n`);
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  if (addresses.some(({ address }) => address.includes(":")))
    await writeFile("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

function tableOf(name: string): string {
  return `gantry_${name}`;
}

async function missing(name: string): Promise<GantryError> {
  const all = await readdir(INTERFACES);
  const meant = nearest(
    name,
    all.filter((one) => existsSync(join(INTERFACES, one, "bridge"))),
  );
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return new GantryError(
    LXC_NETWORK_INVALID,
    `this machine has no bridge ${name}, and no subnet is given for it${hint}`,
  );
}

async function addressesOf(name: string, under: Under): Promise<BridgeInfo["addresses"]> {
  const words = ["-json", "address", "show", "dev", name, "scope", "global"];
  const text = await must(`look at bridge ${name}`, "ip", words, under);
  return shown
    .parse(JSON.parse(text || "[]"))
    .flatMap((one) => one.addr_info)
    .flatMap(({ local, prefixlen }) => (local === undefined ? [] : [{ address: local, prefix: prefixlen }]));
}

/** The kernel's number of an interface; undefined when there is none of this name. */
async function indexOf(name: string): Promise<string | undefined> {
  return readFile(join(INTERFACES, name, "ifindex"), "utf8").catch(() => undefined);
}

async function portsOf(name: string): Promise<number> {
  return (await namesIn(join(INTERFACES, name, "brif")))?.length ?? 0;
}
