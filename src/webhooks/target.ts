import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Where webhooks may go. `public`: to the internet alone; `private`: also into networks of one's own; `any`: also to the server's own
 * machine and its link, where what trusts its neighbours listens.
 */
export const ADDRESS_POLICIES = ["public", "private", "any"] as const;
export type AddressPolicy = (typeof ADDRESS_POLICIES)[number];

/** The machine itself, its link, groups, and what clouds tell their machines: secrets, to whoever asks from inside. */
const NEVER = blocks([
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "100.100.100.200/32",
  "::/127",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
  "fd00:ec2::/32",
  "64:ff9b::/96",
  "2002::/16",
  "2001::/32",
]);
const PRIVATE = blocks(["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "fc00::/7"]);

function blocks(list: readonly string[]): BlockList {
  const all = new BlockList();
  for (const one of list) {
    const [network = "", prefix = ""] = one.split("/");
    all.addSubnet(network, Number(prefix), isIPv6(network) ? "ipv6" : "ipv4");
  }
  return all;
}

/** Whether a webhook may be sent to an address. */
export function mayReach(policy: AddressPolicy, address: string): boolean {
  const plain = embedded(address);
  if (!isIPv4(plain) && !isIPv6(plain)) return false;
  if (policy === "any") return true;
  const family = isIPv6(plain) ? "ipv6" : "ipv4";
  if (NEVER.check(plain, family)) return false;
  return policy === "private" || !PRIVATE.check(plain, family);
}

/** The IPv4 address inside of an IPv6 one that stands for it; any other as it is. */
function embedded(address: string): string {
  const plain = address.replace(/%.*$/, "");
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(plain);
  if (hex === null) return plain;
  const [high, low] = [hex[1] ?? "0", hex[2] ?? "0"].map((part) => Number.parseInt(part, 16));
  return [high! >> 8, high! & 255, low! >> 8, low! & 255].join(".");
}
