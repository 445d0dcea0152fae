import type { MachineFacts } from "../blueprints/index.ts";
import type { Edit, Foundation, Interface, Snapshot } from "../inventory/index.ts";
import { linkNames, plainLink } from "./match.ts";
import { systemUuidOf } from "./model.ts";

/** What the inventory says of a foundation once it is known which machine it is. Pure. */

/**
 * Edits that write the machine's uuid, and its MAC addresses on the foundation's interfaces. An interface that says its MAC address or switch
 * port is the machine's with the same; the others follow in the order of `devices`, and are made when they are not there.
 *
 * `devices`: names of the foundation's physical interfaces, as its blueprint lists them.
 */
export function locateEdits(
  snapshot: Snapshot,
  foundation: Foundation,
  facts: MachineFacts,
  devices: readonly string[],
): readonly Edit[] {
  const edits: Edit[] = [];
  const uuid = systemUuidOf(facts);
  if (uuid !== null && foundation.systemUuid !== uuid)
    edits.push({
      action: "merge",
      kind: "foundation",
      name: foundation.name,
      version: null,
      patch: { systemUuid: uuid },
    });
  const own = interfacesOf(snapshot, foundation.name);
  const left = facts.interfaces.filter(({ mac }) => mac !== null);
  const placed = new Map<string, string>();
  function place(device: string, found: (typeof left)[number] | undefined): void {
    if (found?.mac === null || found === undefined) return;
    placed.set(device, found.mac);
    left.splice(left.indexOf(found), 1);
  }
  for (const { device, mac } of own)
    if (mac !== null)
      place(
        device,
        left.find((one) => one.mac === mac),
      );
  for (const { device, linkName } of own) {
    if (linkName === null || placed.has(device)) continue;
    const names = (one: (typeof left)[number]) =>
      one.lldp === null ? [] : [...linkNames(one.lldp.mac, one.lldp), ...linkNames(one.lldp.name, one.lldp)];
    place(
      device,
      left.find((one) => names(one).includes(plainLink(linkName))),
    );
  }
  const order = [...new Set([...devices, ...own.filter(({ type }) => type === "real").map(({ device }) => device)])];
  const known = new Map(own.map((one) => [one.device, one]));
  // A device of the same name is the same one; the others are taken as they come.
  for (const device of order)
    if (!placed.has(device))
      place(
        device,
        left.find((one) => one.device === device),
      );
  for (const device of order) if (!placed.has(device)) place(device, left[0]);
  let booting = own.some(({ provisioning }) => provisioning);
  for (const device of order) {
    const mac = placed.get(device);
    if (mac === undefined) continue;
    const row = known.get(device);
    if (row === undefined) {
      // The first one is that from which a machine starts, unless somebody said otherwise.
      const data = { foundation: foundation.name, device, mac, provisioning: !booting };
      edits.push({ action: "create", kind: "interface", data });
      booting = true;
    } else if (row.mac !== mac)
      edits.push({ action: "merge", kind: "interface", name: row.name, version: null, patch: { mac } });
  }
  return edits;
}

/** Edits that take back what was written of a machine that the foundation is no longer. */
export function unlocateEdits(
  snapshot: Snapshot,
  foundation: Foundation,
  facts: MachineFacts | undefined,
): readonly Edit[] {
  if (facts === undefined) return [];
  const uuid = systemUuidOf(facts);
  const macs = new Set(facts.interfaces.map(({ mac }) => mac));
  return [
    ...(uuid !== null && foundation.systemUuid === uuid
      ? [merge("foundation", foundation.name, { systemUuid: null })]
      : []),
    ...interfacesOf(snapshot, foundation.name)
      .filter(({ mac }) => mac !== null && macs.has(mac))
      .map(({ name }) => merge("interface", name, { mac: null })),
  ];
}

function merge(kind: "foundation" | "interface", name: string, patch: { readonly [member: string]: null }): Edit {
  return { action: "merge", kind, name, version: null, patch };
}

function interfacesOf(snapshot: Snapshot, foundation: string): readonly Interface[] {
  return [...snapshot.interfaces.values()]
    .filter((one) => one.foundation === foundation)
    .sort((a, b) => (a.device < b.device ? -1 : 1));
}
