import type { Drafts } from "./draft.ts";
import { DNS_NAME_DELEGATED, DNS_NAME_INVALID } from "./errors.ts";
import { deviceLabel, type Complaint, type Host, type HostAddress } from "./hosts.ts";
import type { RecordType } from "./model.ts";
import { isHostName } from "./names.ts";
import { octetRange } from "./reverse.ts";
import type { ZoneSettings } from "./settings.ts";

/** One record that a host brings into a zone. */
export interface Contribution {
  readonly zone: string;
  readonly name: string;
  readonly type: RecordType;
  readonly value: string;
  /** Views that see it. None: all. */
  readonly views: readonly string[];
}

/** What a host brings, and what of it is left out. */
export interface Contributions {
  readonly records: readonly Contribution[];
  readonly complaints: readonly Complaint[];
}

/** Finds the zone that holds a reverse name. */
export type ReverseZoneOf = (reverse: string) => ZoneSettings | undefined;

/** The records of a host: its addresses, those of its interfaces, and the names of its addresses. */
export function contributionsOf(host: Host, drafts: Drafts, reverseZoneOf: ReverseZoneOf): Contributions {
  const records: Contribution[] = [];
  const complaints: Complaint[] = [];
  const [draft] = drafts.of(host.zone);
  if (draft !== undefined) {
    const { settings } = draft;
    // Views of a zone are cut alike.
    const cut = draft.cutAbove(host.name);
    if (cut !== undefined) {
      const message = `${host.name} is left out: zone ${cut} answers for it`;
      complaints.push({ kind: DNS_NAME_DELEGATED, zone: host.zone, message });
    } else {
      for (const held of host.addresses) {
        const record = { zone: host.zone, type: held.type, value: held.text, views: held.views };
        records.push({ ...record, name: host.name });
        if (!settings.interfaceNames || held.device === null) continue;
        const name = interfaceName(host, held.device);
        if (isHostName(name)) records.push({ ...record, name });
        else {
          const message = `interface ${held.device} of ${host.name} has no name in DNS`;
          complaints.push({ kind: DNS_NAME_INVALID, zone: host.zone, message });
        }
      }
    }
  }
  for (const held of host.addresses) {
    const place = reversePlace(held.reverse, reverseZoneOf);
    if (place !== undefined) records.push({ ...place, type: "PTR", value: `${host.name}.`, views: held.views });
  }
  return { records, complaints };
}

function interfaceName(host: Host, device: string): string {
  const dot = host.name.indexOf(".");
  return `${host.name.slice(0, dot)}-${deviceLabel(device)}${host.name.slice(dot)}`;
}

/** Where the name of an address stands, if there is a zone for it. */
export function reversePlace(
  reverse: string,
  zoneOf: ReverseZoneOf,
): { readonly zone: string; readonly name: string } | undefined {
  const zone = zoneOf(reverse);
  if (zone === undefined || !zone.reverse) return undefined;
  const name = octetRange(zone.name) === undefined ? reverse : `${reverse.slice(0, reverse.indexOf("."))}.${zone.name}`;
  return { zone: zone.name, name };
}

export function sees(view: string | null, held: Pick<HostAddress, "views">): boolean {
  return view === null || held.views.length === 0 || held.views.includes(view);
}
