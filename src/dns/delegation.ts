import type { Complaints } from "./complaints.ts";
import type { Draft, Drafts } from "./draft.ts";
import { DNS_DELEGATION_INVALID, DNS_NAMESERVER_INVALID } from "./errors.ts";
import { isWithin } from "./names.ts";
import { zoneAround, type SettingsByName, type ZoneSettings } from "./settings.ts";

/** Who answers for a zone: its own NS records, and those by which the zone above it says so. */

/**
 * Puts the NS records of a zone into it. A server that has its name in the zone must have an address there, else nobody finds it: it is
 * left out.
 * @returns the servers that are left, the primary first
 */
export function nameServers(
  draft: Draft,
  zones: SettingsByName,
  drafts: Drafts,
  complaints: Complaints,
): readonly string[] {
  const { settings } = draft;
  const servers = settings.nameservers.filter((server) => {
    if (!isWithin(server, settings.name) || addGlue(draft, server, zones, drafts)) return true;
    complaints.add(
      DNS_NAMESERVER_INVALID,
      settings.name,
      `name server ${server} of zone ${settings.name} is left out: it has no address in ${viewText(draft)}`,
    );
    return false;
  });
  for (const server of servers) draft.add(settings.name, "NS", `${server}.`);
  return servers;
}

/** Puts NS records and glue into the zone for each zone it delegates. */
export function delegate(draft: Draft, zones: SettingsByName, drafts: Drafts, complaints: Complaints): void {
  for (const child of zones.values()) {
    if (child.parent !== draft.settings.name || !isServed(child, draft.view)) continue;
    const servers = child.nameservers.filter(
      (server) => !isWithin(server, draft.settings.name) || addGlue(draft, server, zones, drafts),
    );
    for (const server of servers) draft.add(child.name, "NS", `${server}.`);
    if (servers.length > 0) continue;
    complaints.add(
      DNS_DELEGATION_INVALID,
      draft.settings.name,
      `zone ${child.name} is not delegated by ${draft.settings.name}: it has no name server with an address`,
    );
  }
}

/** A zone with views is served to whom sees one of them, and to who sees no view in particular. */
function isServed(child: ZoneSettings, view: string | null): boolean {
  return view === null || child.views.length === 0 || child.views.includes(view);
}

/** Whether a server's address is in the zone. Of one that lies in a delegated part the addresses are brought along from there. */
function addGlue(draft: Draft, server: string, zones: SettingsByName, drafts: Drafts): boolean {
  const cut = draft.cutAbove(server);
  if (cut === undefined) return draft.hasAddress(server);
  const zone = zoneAround(zones, server);
  // What nobody of ours answers for has the addresses that somebody wrote down here.
  const holders = zone !== undefined && isWithin(zone.name, cut) ? drafts.of(zone.name) : [];
  for (const below of holders.filter((one) => seesSame(draft, one)))
    for (const type of ["A", "AAAA"] as const)
      for (const address of below.values(server, type)) draft.add(server, type, address);
  return draft.values(server, "A").length + draft.values(server, "AAAA").length > 0;
}

function seesSame(draft: Draft, other: Draft): boolean {
  return draft.view === null || other.view === null || draft.view === other.view;
}

function viewText(draft: Draft): string {
  return draft.view === null ? "it" : `its view ${draft.view}`;
}
