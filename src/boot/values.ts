import { fqdnOf, zoneOf, type Foundation, type Interface, type Snapshot, type Structure } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { formatAddress, parseBlock } from "../network/index.ts";

/** What boot scripts and templates see beside the variables of the machine: how it is connected, and where they find each other. Pure. */

/** Where the machine finds what it boots. */
export interface BootLocations {
  /** Of kernels and images: the variable `pxe_location`. */
  readonly files: string;
  /** Of the rendered template of its profile. */
  readonly template: string;
}

/** Structures on a foundation, by name. */
export function standingOn(snapshot: Snapshot, foundation: string): readonly Structure[] {
  const standing = [...snapshot.structures.values()].filter((one) => one.foundation === foundation);
  return standing.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Interfaces of a foundation and of the structure on it, one for each device, by device; the foundation's first where both have one. */
export function interfacesOf(
  snapshot: Snapshot,
  foundation: Pick<Foundation, "name">,
  structure: Pick<Structure, "name"> | undefined,
): readonly Interface[] {
  const all = [...snapshot.interfaces.values()];
  const own = all.filter((one) => one.foundation === foundation.name);
  const devices = new Set(own.map(({ device }) => device));
  const above = all.filter(
    (one) => structure !== undefined && one.structure === structure.name && !devices.has(one.device),
  );
  return [...own, ...above].sort((a, b) => (a.device < b.device ? -1 : 1));
}

/** Names in the manner of Contractor, so that its boot profiles render. Nothing where it is not known. */
export function bootValues(
  snapshot: Snapshot,
  foundation: Foundation,
  structure: Structure | undefined,
  locations: BootLocations,
): JsonObject {
  const interfaces = interfacesOf(snapshot, foundation, structure);
  const provisioning = interfaces.find((one) => one.provisioning);
  const primary = primaryOf(interfaces, structure) ?? provisioning;
  const shown = interfaces.map((one) => interfaceValue(snapshot, one, structure, one === primary));
  const byDevice = Object.fromEntries(shown.map((one) => [one["name"] as string, one]));
  const addresses = (device: string | undefined): JsonObject | null =>
    (byDevice[device ?? ""]?.["address_list"] as readonly JsonObject[] | undefined)?.[0] ?? null;
  const first = structure?.addresses[0];
  return {
    __pxe_location: locations.files,
    __pxe_template_location: locations.template,
    _interface_map: byDevice,
    _primary_interface: primary?.device ?? null,
    _primary_interface_mac: primary?.mac ?? null,
    _primary_address: first === undefined ? null : addressValue(snapshot, first, true),
    _provisioning_interface: provisioning?.device ?? null,
    _provisioning_interface_mac: provisioning?.mac ?? null,
    _provisioning_address: addresses(provisioning?.device),
    _foundation: foundation.name,
    _foundation_id: foundation.id,
    _foundation_type: foundation.type,
    _foundation_state: foundation.state,
    _foundation_interface_list: shown.filter((_, index) => interfaces[index]?.foundation === foundation.name),
    ...(structure === undefined
      ? {}
      : {
          _structure_id: structure.id,
          _structure_state: structure.state,
          _hostname: structure.hostname,
          _fqdn: fqdnOf(snapshot, structure),
          _domain_name: zoneOf(snapshot, structure) ?? "",
        }),
  };
}

type Held = Structure["addresses"][number];

/** The one that has the structure's first address; where nothing says which that is, the only real one. */
function primaryOf(interfaces: readonly Interface[], structure: Structure | undefined): Interface | undefined {
  const device = deviceOf(structure?.addresses[0]);
  if (device !== undefined) return interfaces.find((one) => one.device === device);
  return interfaces.length === 1 ? interfaces[0] : undefined;
}

/** `web1/eth0` is the device `eth0`. */
function deviceOf(held: Held | undefined): string | undefined {
  return held?.interface?.slice(held.interface.indexOf("/") + 1);
}

function interfaceValue(
  snapshot: Snapshot,
  one: Interface,
  structure: Structure | undefined,
  primary: boolean,
): JsonObject {
  const network = snapshot.networks.get(one.network ?? "");
  // An address that is on no interface by name is on the primary one.
  const held = (structure?.addresses ?? []).filter((address) =>
    address.interface === undefined ? primary : deviceOf(address) === one.device,
  );
  return {
    name: one.device,
    type: one.type,
    mac: one.mac,
    mtu: one.mtu ?? network?.mtu ?? null,
    vlan: one.vlan ?? network?.vlan ?? null,
    network: one.network,
    physical_location: one.physicalLocation,
    link_name: one.linkName,
    is_provisioning: one.provisioning,
    address_list: held.map((address) => addressValue(snapshot, address, address === structure?.addresses[0])),
  };
}

function addressValue(snapshot: Snapshot, held: Held, primary: boolean): JsonObject {
  const row = snapshot.addressBlocks.get(held.block);
  const block = row === undefined ? undefined : parseBlock(row.subnet);
  return {
    address: held.address,
    netmask: block === undefined ? null : formatAddress(block.netmask),
    prefix: block?.prefix ?? null,
    subnet: block === undefined ? null : formatAddress(block.subnet),
    gateway: row?.gateway ?? null,
    network: row?.network ?? null,
    primary,
  };
}
