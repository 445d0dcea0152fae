import { z } from "zod";
import type { Interface } from "../driver.ts";
import type { ContainerRecord, Placement } from "./model.ts";
import { must, type Under } from "./programs.ts";

/** The network interfaces of a container. */

const shown = z.array(
  z.looseObject({
    ifname: z.string(),
    address: z.string().optional(),
    addr_info: z.array(z.looseObject({ local: z.string(), prefixlen: z.int(), scope: z.string() })).default([]),
  }),
);

/** As the kernel has them in a container that runs, whose init is `pid`; as they are going to be in one that does not. */
export async function interfacesOf(
  record: ContainerRecord,
  pid: number | undefined,
  under: Under,
): Promise<readonly Interface[]> {
  if (pid === undefined) return record.interfaces.map(plannedInterface);
  const words = ["--target", String(pid), "--net", "ip", "-json", "address", "show"];
  const text = await must("look at the interfaces of a container", "nsenter", words, under);
  return shown.parse(JSON.parse(text || "[]")).flatMap(({ ifname, address, addr_info: held }): Interface[] => {
    if (ifname === "lo") return [];
    const known = record.interfaces.find(({ device }) => device === ifname);
    return [
      {
        name: ifname,
        mac: address ?? null,
        addresses: held
          .filter(({ scope }) => scope === "global")
          .map(({ local, prefixlen }) => ({ address: local, prefix: prefixlen })),
        network: known?.network ?? null,
        gateway: known?.gateways[0] ?? null,
      },
    ];
  });
}

function plannedInterface({ device, mac, addresses, network, gateways }: Placement): Interface {
  return { name: device, mac, addresses, network, gateway: gateways[0] ?? null };
}
