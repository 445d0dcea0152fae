import { fqdnOf, zoneOf, type AddressBlock, type World } from "../inventory/index.ts";
import type { ErrorKind } from "../kernel/errors.ts";
import { parseBlock } from "../network/index.ts";
import { DNS_NAME_INVALID, DNS_NAME_TAKEN, DNS_NAME_WITHOUT_ZONE } from "./errors.ts";
import { isHostName, normalName } from "./names.ts";
import { reverseName } from "./reverse.ts";
import type { SettingsByName } from "./settings.ts";

/** What of a world DNS looks at. */
export type NamedWorld = Pick<World, "sites" | "zones" | "structures"> & {
  readonly addressBlocks: ReadonlyMap<string, Pick<AddressBlock, "name" | "site" | "subnet" | "labels">>;
};

export type NamedStructure = NamedWorld["structures"] extends ReadonlyMap<string, infer Row> ? Row : never;

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
  readonly structure: string;
  /** Whole. */
  readonly name: string;
  readonly zone: string;
  readonly addresses: readonly HostAddress[];
}

/** What is left out of DNS, before it is told. */
export interface Complaint {
  readonly kind: ErrorKind;
  readonly zone: string | null;
  readonly message: string;
}

/** A structure's name, unless another one has it; or why it has none. Neither: it asks for none. */
export interface Placing {
  readonly host?: Host;
  readonly complaint?: Complaint;
}

/** Label of an address block: the views that see its addresses, separated by commas. */
const VIEW = "view";

const NOWHERE: Placing = {};

/**
 * Says where structures have their names. What it says of a structure follows from its row, from sites, address blocks and declared zones
 * alone.
 */
export function createPlacing(
  world: Pick<NamedWorld, "sites" | "addressBlocks">,
  declared: SettingsByName,
): (structure: NamedStructure) => Placing {
  const viewsOf = createViewsOf(world);
  return (structure) => {
    // Where there are no zones at all nobody wants names.
    if (declared.size === 0 || structure.wanted === "absent" || structure.addresses.length === 0) return NOWHERE;
    const named = zoneOf(world, structure);
    const zone = named === null ? null : normalName(named);
    if (zone === null || !declared.has(zone)) {
      const why = zone === null ? "neither it nor a site above it names a zone" : `there is no zone '${zone}'`;
      const message = `structure ${structure.name} has no name in DNS: ${why}`;
      return { complaint: { kind: DNS_NAME_WITHOUT_ZONE, zone, message } };
    }
    const name = normalName(fqdnOf(world, structure));
    if (!isHostName(name)) {
      const message = `hostname '${structure.hostname}' of structure ${structure.name} is not one that DNS allows`;
      return { complaint: { kind: DNS_NAME_INVALID, zone, message } };
    }
    const addresses = structure.addresses.map((held) => hostAddress(held, viewsOf(held.block)));
    return { host: { structure: structure.name, name, zone, addresses } };
  };
}

/** Of those that want one name the first by its own name has it. */
export function nameTaken({ zone, structure, name }: Host, owner: string): Complaint {
  return { kind: DNS_NAME_TAKEN, zone, message: `structure ${structure} is left out: ${name} is structure ${owner}` };
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

function createViewsOf(world: Pick<NamedWorld, "addressBlocks">): (block: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (block) => {
    let views = known.get(block);
    if (views === undefined) {
      views = viewsIn(world.addressBlocks.get(block));
      known.set(block, views);
    }
    return views;
  };
}

/** The views that see the addresses of a block. None: all. */
export function viewsIn(block: Pick<AddressBlock, "labels"> | undefined): readonly string[] {
  const label = block?.labels[VIEW] ?? "";
  return label
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
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
