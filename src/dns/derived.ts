import { zoneOfSite } from "../inventory/index.ts";
import { formatAddress, type AddressBlock } from "../network/index.ts";
import type { Complaints } from "./complaints.ts";
import { DNS_NAME_WITHOUT_ZONE } from "./errors.ts";
import { parsedBlock, type Host, type HostAddress, type NamedWorld } from "./hosts.ts";
import { normalName } from "./names.ts";
import { above, isPrivate, octetRange, reverseCut, reverseName, type ReverseCut } from "./reverse.ts";
import { createReverseIndex, derivedZone, zoneAround, type SettingsByName, type ZoneSettings } from "./settings.ts";

/** The reverse zones that follow from address blocks and from where they are used. */

/** How the addresses of a block get their zones. */
interface BlockRule {
  readonly name: string;
  readonly site: string;
  readonly block: AddressBlock;
  readonly cut: ReverseCut;
  /** The zone after which those of the block are made. Undefined: its site has none. */
  readonly like: ZoneSettings | undefined;
}

export interface Derivation {
  /** Declared zones and derived ones. A zone that somebody declared holds all addresses below it. */
  zones(hosts: readonly Host[], complaints: Complaints): SettingsByName;
  /**
   * What an address asks for: which zones there are follows from which of these texts come up at all. Null: nothing depends on it.
   */
  wishOf(held: HostAddress): string | null;
}

export function createDerivation(
  world: Pick<NamedWorld, "sites" | "addressBlocks">,
  declared: SettingsByName,
): Derivation {
  const around = createReverseIndex(declared);
  const rules = new Map<string, BlockRule>();
  for (const row of [...world.addressBlocks.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const block = parsedBlock(row);
    if (block === undefined) continue;
    const template = zoneOfSite(world, row.site);
    const like = template === null ? undefined : declared.get(normalName(template));
    rules.set(row.name, { name: row.name, site: row.site, block, cut: reverseCut(block), like });
  }

  function zoneWished({ cut }: BlockRule, reverse: string): string | undefined {
    return around(reverse) === undefined ? cut.zoneOf(reverse) : undefined;
  }

  return {
    zones(hosts, complaints) {
      const used = new Map<string, HostAddress[]>();
      for (const { addresses } of hosts)
        for (const held of addresses) {
          const list = used.get(held.block);
          if (list === undefined) used.set(held.block, [held]);
          else list.push(held);
        }
      const zones = new Map(declared);
      for (const rule of rules.values()) {
        const { block, cut, like } = rule;
        const held = used.get(rule.name) ?? [];
        if (like === undefined) {
          if (held.length > 0)
            complaints.add(
              DNS_NAME_WITHOUT_ZONE,
              null,
              `the addresses of address block ${rule.name} have no names: its site ${rule.site} has no zone`,
            );
          continue;
        }
        const wanted = cut.single ? [reverseName(formatAddress(block.subnet))] : held.map(({ reverse }) => reverse);
        for (const name of new Set(wanted.map((reverse) => zoneWished(rule, reverse)))) {
          if (name === undefined || zones.has(name)) continue;
          zones.set(name, derivedZone(name, like));
          const range = octetRange(name);
          if (range !== undefined && isPrivate(block.subnet) && zoneAround(zones, range.octets) === undefined)
            zones.set(range.octets, derivedZone(range.octets, like));
        }
      }
      for (const zone of zones.values()) {
        if (declared.has(zone.name)) continue;
        const parent = zoneAround(zones, above(zone.name));
        if (parent !== undefined) zones.set(zone.name, { ...zone, parent: parent.name });
      }
      return zones;
    },
    wishOf(held) {
      const rule = rules.get(held.block);
      if (rule === undefined) return null;
      if (rule.like === undefined) return rule.name;
      const zone = rule.cut.single ? undefined : zoneWished(rule, held.reverse);
      return zone === undefined ? null : `${rule.name} ${zone}`;
    },
  };
}
