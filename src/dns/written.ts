import type { ZoneRecord } from "../inventory/index.ts";
import type { Complaints } from "./complaints.ts";
import { reversePlace, sees, type ReverseZoneOf } from "./contributions.ts";
import type { Draft, Drafts } from "./draft.ts";
import { DNS_NAME_DELEGATED, DNS_NAME_INVALID, DNS_RECORD_DANGLING, DNS_RECORD_INVALID } from "./errors.ts";
import { isDomainName, isHostName, isWithin, wholeName, withoutWildcard } from "./names.ts";
import { reverseName } from "./reverse.ts";
import { readValue } from "./values.ts";

/** The records somebody wrote down. */

/** Puts them into a zone, and the names of their addresses where no structure holds them. */
export function addRecords(draft: Draft, drafts: Drafts, reverseZoneOf: ReverseZoneOf, complaints: Complaints): void {
  const { settings, view } = draft;
  const zone = settings.name;
  const readable = settings.records.flatMap((record) => {
    const name = wholeName(record.name, zone);
    if (!isWithin(name, zone) || !mayOwn(record.type, name)) {
      complaints.add(
        DNS_NAME_INVALID,
        zone,
        `the ${record.type} record '${record.name}' of zone ${zone} has no name that DNS allows`,
      );
      return [];
    }
    const read = readValue(zone, record);
    if ("value" in read) return [{ record, name, read }];
    complaints.add(DNS_RECORD_INVALID, zone, `the ${record.type} record of ${name} is left out: ${read.wrong}`);
    return [];
  });
  const glue = new Set(readable.flatMap(({ record, read }) => (record.type === "NS" ? [read.leadsTo] : [])));
  for (const { record, name, read } of readable) {
    const cut = draft.cutAbove(name);
    const isGlue = glue.has(name) && (record.type === "A" || record.type === "AAAA");
    if (cut !== undefined && !isGlue && !(record.type === "NS" && cut === name)) {
      complaints.add(
        DNS_NAME_DELEGATED,
        zone,
        `the ${record.type} record of ${name} is left out: other servers answer from ${cut} on`,
      );
      continue;
    }
    draft.add(name, record.type, read.value, ttlOf(record));
    if ((record.type !== "A" && record.type !== "AAAA") || name.startsWith("*.")) continue;
    const place = reversePlace(reverseName(read.value), reverseZoneOf);
    if (place === undefined) continue;
    for (const reverse of drafts.of(place.zone))
      if (sees(reverse.view, { views: view === null ? [] : [view] }) && reverse.values(place.name, "PTR").length === 0)
        reverse.add(place.name, "PTR", `${name}.`);
  }
}

/** Whether records of a type may have a name. Nobody is delegated to by a wildcard (RFC 4592 section 4.2). */
function mayOwn(type: ZoneRecord["type"], name: string): boolean {
  const bare = type === "NS" ? name : withoutWildcard(name);
  return type === "A" || type === "AAAA" || type === "MX" ? isHostName(bare) : isDomainName(bare);
}

function ttlOf(record: ZoneRecord): number | null {
  return record.ttl !== null && record.ttl >= 0 && record.ttl < 2 ** 31 ? record.ttl : null;
}

/** Leaves out records that lead to a name of this zone without an address: a name server may refuse the whole zone for them. */
export function dropDangling(draft: Draft, complaints: Complaints): void {
  const { settings } = draft;
  for (const record of settings.records) {
    const read = readValue(settings.name, record);
    if (!("value" in read) || read.leadsTo === undefined || !isWithin(read.leadsTo, settings.name)) continue;
    const name = wholeName(record.name, settings.name);
    if (!draft.values(name, record.type).includes(read.value) || isReachable(draft, record.type, read.leadsTo))
      continue;
    draft.remove(name, record.type, read.value);
    complaints.add(
      DNS_RECORD_DANGLING,
      settings.name,
      `the ${record.type} record of ${name} is left out: ${read.leadsTo} has no address`,
    );
  }
}

/** What lies in a delegated part is known there; only name servers must have their address here too. */
function isReachable(draft: Draft, type: ZoneRecord["type"], name: string): boolean {
  if (draft.cutAbove(name) === undefined) return draft.hasAddress(name);
  return type !== "NS" || draft.values(name, "A").length + draft.values(name, "AAAA").length > 0;
}
