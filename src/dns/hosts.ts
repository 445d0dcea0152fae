import { fqdnOf, zoneOf, type AddressBlock, type World } from "../inventory/index.ts";
import { parseBlock } from "../network/index.ts";
import type { Complaints } from "./complaints.ts";
import { DNS_NAME_INVALID, DNS_NAME_TAKEN, DNS_NAME_WITHOUT_ZONE } from "./errors.ts";
import { isHostName, normalName } from "./names.ts";
import { reverseName } from "./reverse.ts";
import type { SettingsByName } from "./settings.ts";

/** What of a world DNS looks at. */
export type NamedWorld = Pick<World, "sites" | "zones" | "structures"> & {
  readonly addressBlocks: ReadonlyMap<string, Pick<AddressBlock, "name" | "site" | "subnet" | "labels">>;
};

/** An address and who may see it. */
export interface HostAddress {
  readonly text: string;
  /** The name under which it is looked up. */
  readonly reverse: string;
  readonly type: "A" | "AAAA";
  readonly block: string;
  /** Views of its address block. None: all. */
  readonly views: readonly string[];
  /** The device that holds it: `eth0`. */
  readonly device: string | null;
}

/** A structure with a name in a zone. */
export interface Host {
  /** Whole. */
  readonly name: string;
  readonly zone: string;
  readonly addresses: readonly HostAddress[];
}

/** Label of an address block: the views that see its addresses, separated by commas. */
const VIEW = "view";

/** So many hosts are a step. */
const STEP = 500;

/** The structures that have an address, and a name for it. */
export function* hostsOf(
  world: NamedWorld,
  zones: SettingsByName,
  complaints: Complaints,
): Generator<void, readonly Host[]> {
  const viewsOf = createViewsOf(world);
  const hosts: Host[] = [];
  const taken = new Map<string, string>();
  // Where there are no zones at all nobody wants names.
  if (zones.size === 0) return hosts;
  for (const structure of [...world.structures.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (structure.wanted === "absent" || structure.addresses.length === 0) continue;
    const named = zoneOf(world, structure);
    const zone = named === null ? null : normalName(named);
    if (zone === null || !zones.has(zone)) {
      const why = zone === null ? "neither it nor a site above it names a zone" : `there is no zone '${zone}'`;
      complaints.add(DNS_NAME_WITHOUT_ZONE, zone, `structure ${structure.name} has no name in DNS: ${why}`);
      continue;
    }
    const name = normalName(fqdnOf(world, structure));
    if (!isHostName(name)) {
      complaints.add(
        DNS_NAME_INVALID,
        zone,
        `hostname '${structure.hostname}' of structure ${structure.name} is not one that DNS allows`,
      );
      continue;
    }
    const other = taken.get(name);
    if (other !== undefined) {
      complaints.add(DNS_NAME_TAKEN, zone, `structure ${structure.name} is left out: ${name} is structure ${other}`);
      continue;
    }
    taken.set(name, structure.name);
    const addresses = structure.addresses.map((held) => hostAddress(held, viewsOf(held.block)));
    hosts.push({ name, zone, addresses });
    if (hosts.length % STEP === 0) yield;
  }
  return hosts;
}

function hostAddress(
  held: { readonly block: string; readonly address: string; readonly interface?: string },
  views: readonly string[],
): HostAddress {
  const { address: text } = held;
  const device = held.interface === undefined ? null : held.interface.slice(held.interface.indexOf("/") + 1);
  return {
    text,
    reverse: reverseName(text),
    type: text.includes(":") ? "AAAA" : "A",
    block: held.block,
    views,
    device,
  };
}

function createViewsOf(world: NamedWorld): (block: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (block) => {
    let views = known.get(block);
    if (views === undefined) {
      const label = world.addressBlocks.get(block)?.labels[VIEW] ?? "";
      views = label
        .split(",")
        .map((text) => text.trim())
        .filter((text) => text !== "");
      known.set(block, views);
    }
    return views;
  };
}

/** `eth0.100` as a part of a name: `eth0-100`. */
export function deviceLabel(device: string): string {
  return device
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** An address block as one of the arithmetic; undefined when it cannot be read. */
export function parsedBlock(block: { readonly subnet: string }): ReturnType<typeof parseBlock> | undefined {
  try {
    return parseBlock(block.subnet);
  } catch {
    return undefined;
  }
}
