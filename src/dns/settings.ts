import type { ZoneData, ZoneRecord } from "../inventory/index.ts";
import { isDomainName, isHostName, isWithin, normalName, upwards, wholeName } from "./names.ts";
import { DNS_DELEGATION_INVALID, DNS_NAME_INVALID, DNS_NAMESERVER_INVALID } from "./errors.ts";
import type { Authority } from "./model.ts";
import { above, isReverseZone, octetRange } from "./reverse.ts";
import type { Complaints } from "./complaints.ts";

/** A zone before it has records: who answers for it, and how long answers hold. */
export interface ZoneSettings {
  readonly name: string;
  readonly reverse: boolean;
  /** The zone of ours that delegates to it. */
  readonly parent: string | null;
  readonly authority: Omit<Authority, "primary">;
  /** Whole names; the first is the primary. */
  readonly nameservers: readonly string[];
  readonly records: readonly ZoneRecord[];
  readonly views: readonly string[];
  /** Whether structures have a name for each interface too. */
  readonly interfaceNames: boolean;
}

/** Zones by name. */
export type SettingsByName = ReadonlyMap<string, ZoneSettings>;

/** Label of a zone: `true` gives every interface that holds an address a name, `web1-eth0`. */
const INTERFACE_NAMES = "interface-names";

/** What somebody wrote down as zones. */
export function declaredZones(zones: Iterable<ZoneData>, complaints: Complaints): Map<string, ZoneSettings> {
  const all = new Map<string, ZoneSettings>();
  for (const zone of [...zones].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = normalName(zone.name);
    if (!isDomainName(name)) {
      complaints.add(DNS_NAME_INVALID, zone.name, `zone '${zone.name}' has no name that DNS allows`);
      continue;
    }
    all.set(name, {
      name,
      reverse: isReverseZone(name),
      parent: zone.parent === null ? null : normalName(zone.parent),
      authority: {
        contact: contactName(zone, name),
        ttl: zone.ttl,
        refresh: zone.refresh,
        retry: zone.retry,
        expire: zone.expire,
        minimum: zone.minimum,
      },
      nameservers: serversOf(zone, name, complaints),
      records: zone.records.filter((record) => !isApexServer(record, name)),
      views: [...new Set(zone.views)].sort(),
      interfaceNames: zone.labels[INTERFACE_NAMES] === "true",
    });
  }
  for (const zone of all.values()) {
    const { name, parent } = zone;
    if (parent === null || (all.has(parent) && parent !== name && isBelow(name, parent))) continue;
    complaints.add(DNS_DELEGATION_INVALID, name, `zone ${name} cannot be delegated by '${parent}'`);
    all.set(name, { ...zone, parent: null });
  }
  return all;
}

/** The zone of RFC 2317 is delegated by that of its /24, whose name its own does not always lie below. */
function isBelow(name: string, parent: string): boolean {
  return isWithin(name, parent) || octetRange(name)?.octets === parent;
}

/** A name without a dot is relative to the zone, others are whole. */
function serversOf(zone: ZoneData, name: string, complaints: Complaints): readonly string[] {
  const listed = zone.nameservers.map((text) => (text.includes(".") ? normalName(text) : wholeName(text, name)));
  const recorded = zone.records.filter((record) => isApexServer(record, name));
  const servers = [...listed, ...recorded.map((record) => wholeName(record.value.trim(), name))];
  return [...new Set(servers)].filter((server) => {
    if (isHostName(server)) return true;
    complaints.add(DNS_NAMESERVER_INVALID, name, `name server '${server}' of zone ${name} is not the name of a host`);
    return false;
  });
}

/** Whether a record names a server of the zone itself: it is one of its name servers. */
function isApexServer(record: ZoneRecord, zone: string): boolean {
  return record.type === "NS" && wholeName(record.name, zone) === zone;
}

/** `hostmaster.example.org`, also when it was written as `hostmaster@example.org`. */
function contactName(zone: ZoneData, name: string): string {
  const at = zone.contact.lastIndexOf("@");
  const text =
    at === -1 ? zone.contact : `${zone.contact.slice(0, at).replaceAll(".", "\\.")}.${zone.contact.slice(at + 1)}`;
  const contact = normalName(text);
  if (/^(?:[a-z0-9_+-]|\\\.)+(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(contact))
    return contact.includes(".") ? contact : `${contact}.${name}`;
  return `hostmaster.${name}`;
}

/** A zone that follows from an address block: answered for like the zone of its site. */
export function derivedZone(name: string, like: ZoneSettings): ZoneSettings {
  return { ...like, name, reverse: true, parent: null, records: [], interfaceNames: false };
}

/** The closest zone above a name. `proper`: never that of the name itself. */
export function zoneAround(zones: SettingsByName, name: string, proper = false): ZoneSettings | undefined {
  for (const one of upwards(name)) {
    const zone = zones.get(one);
    if (zone !== undefined && !(proper && one === name)) return zone;
  }
  return undefined;
}

/**
 * Finds the zone that holds a reverse name: that of its range of the last octet, else the closest one above. Names that differ only below
 * every zone are looked up once.
 */
export function createReverseIndex(zones: SettingsByName): (name: string) => ZoneSettings | undefined {
  const ranges = rangesOf(zones);
  const longest = Math.max(0, ...[...zones.keys()].filter(isReverseZone).map((name) => name.length));
  const known = new Map<string, ZoneSettings | undefined>();
  return (name) => {
    const list = ranges.size === 0 ? undefined : ranges.get(above(name));
    if (list !== undefined) {
      const octet = Number(name.slice(0, name.indexOf(".")));
      const range = list.find(({ first, last }) => first <= octet && octet <= last);
      if (range !== undefined) return range.zone;
    }
    // A label more than the longest name of a zone has: what is before it decides nothing.
    const start = name.length - longest - 1;
    const tail = start <= 0 ? name : name.slice(name.lastIndexOf(".", start) + 1);
    if (!known.has(tail)) known.set(tail, zoneAround(zones, tail));
    return known.get(tail);
  };
}

/** A zone of RFC 2317. */
export interface RangeZone {
  readonly zone: ZoneSettings;
  readonly first: number;
  readonly last: number;
}

/** Zones of RFC 2317 by the zone of the /24 they are in; the narrowest first. */
export function rangesOf(zones: SettingsByName): ReadonlyMap<string, readonly RangeZone[]> {
  const ranges = new Map<string, RangeZone[]>();
  for (const zone of zones.values()) {
    const range = octetRange(zone.name);
    if (range === undefined) continue;
    const list = ranges.get(range.octets) ?? [];
    list.push({ zone, first: range.first, last: range.last });
    list.sort((a, b) => a.last - a.first - (b.last - b.first));
    ranges.set(range.octets, list);
  }
  return ranges;
}
