import type { ZoneRecord } from "../inventory/index.ts";
import { zoneOfSite } from "../inventory/index.ts";
import { createComplaints, type Complaints } from "./complaints.ts";
import { delegate, nameServers } from "./delegation.ts";
import { createDraft, type Draft, type Drafts } from "./draft.ts";
import {
  DNS_NAME_DELEGATED,
  DNS_NAME_INVALID,
  DNS_NAME_WITHOUT_ZONE,
  DNS_NAMESERVER_INVALID,
  DNS_RECORD_DANGLING,
  DNS_RECORD_INVALID,
} from "./errors.ts";
import { formatAddress } from "../network/index.ts";
import { deviceLabel, hostsOf, parsedBlock, type Host, type HostAddress, type NamedWorld } from "./hosts.ts";
import type { RenderedZone, Rendering } from "./model.ts";
import { isDomainName, isHostName, isWithin, normalName, wholeName, withoutWildcard } from "./names.ts";
import { above, isPrivate, octetRange, reverseCut, reverseName } from "./reverse.ts";
import {
  declaredZones,
  derivedZone,
  rangesOf,
  createReverseIndex,
  zoneAround,
  type SettingsByName,
  type ZoneSettings,
} from "./settings.ts";
import { readValue } from "./values.ts";

/**
 * What of a world belongs into DNS: forward zones as they are declared, reverse zones as address blocks ask for them. Pure. What cannot
 * be served is left out and told as a problem; nothing is made up.
 */
export function renderZones(world: NamedWorld): Rendering {
  const steps = renderSteps(world);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** So many hosts are a step. */
const STEP = 500;

/** The same in small steps, so that a server may do other things between them. */
export function* renderSteps(world: NamedWorld): Generator<void, Rendering> {
  const complaints = createComplaints();
  const zones = declaredZones(world.zones.values(), complaints);
  const hosts = yield* hostsOf(world, zones, complaints);
  deriveReverseZones(world, zones, hosts, complaints);
  yield;
  const drafts = createDrafts(zones);
  const names = createReverseNames(zones, drafts);

  for (const [index, host] of hosts.entries()) {
    addHost(drafts.of(host.zone), host, complaints);
    for (const held of host.addresses) names.add(held, host.name);
    if (index % STEP === STEP - 1) yield;
  }
  for (const draft of drafts.all) addRecords(draft, complaints, (held, name) => names.addIfNone(held, name));
  addRangeAliases(zones, drafts);
  const served = drafts.all.flatMap((draft) => {
    const servers = nameServers(draft, zones, drafts, complaints);
    if (servers.length > 0) return [{ draft, primary: servers[0]! }];
    complaints.add(DNS_NAMESERVER_INVALID, draft.settings.name, `zone ${draft.settings.name} has no name server`);
    return [];
  });
  for (const { draft } of served) delegate(draft, zones, drafts, complaints);
  yield;
  const rendered: RenderedZone[] = [];
  for (const { draft, primary } of served) {
    draft.dropCnames(complaints);
    dropDangling(draft, complaints);
    rendered.push(draft.finish(primary));
    yield;
  }
  return { zones: rendered.sort(byNameAndView), problems: complaints.all() };
}

function createDrafts(zones: SettingsByName): Drafts {
  const byZone = new Map<string, readonly Draft[]>();
  for (const zone of zones.values()) {
    const views = zone.views.length === 0 ? [null] : zone.views;
    byZone.set(
      zone.name,
      views.map((view) => createDraft(zone, view)),
    );
  }
  for (const zone of zones.values()) {
    const parent = zoneAround(zones, zone.name, true);
    for (const record of zone.records.filter(({ type }) => type === "NS"))
      for (const draft of byZone.get(zone.name) ?? []) draft.cut(wholeName(record.name, zone.name));
    for (const draft of parent === undefined ? [] : (byZone.get(parent.name) ?? [])) draft.cut(zone.name);
  }
  return { all: [...byZone.values()].flat(), of: (zone) => byZone.get(zone) ?? [] };
}

function sees(view: string | null, held: Pick<HostAddress, "views">): boolean {
  return view === null || held.views.length === 0 || held.views.includes(view);
}

function addHost(drafts: readonly Draft[], host: Host, complaints: Complaints): void {
  for (const draft of drafts) {
    const { settings } = draft;
    const cut = draft.cutAbove(host.name);
    if (cut !== undefined) {
      complaints.add(DNS_NAME_DELEGATED, settings.name, `${host.name} is left out: zone ${cut} answers for it`);
      continue;
    }
    for (const held of host.addresses) {
      if (!sees(draft.view, held)) continue;
      draft.add(host.name, held.type, held.text);
      if (settings.interfaceNames && held.device !== null) addInterface(draft, host, held, held.device, complaints);
    }
  }
}

function addInterface(draft: Draft, host: Host, held: HostAddress, device: string, complaints: Complaints): void {
  const dot = host.name.indexOf(".");
  const name = `${host.name.slice(0, dot)}-${deviceLabel(device)}${host.name.slice(dot)}`;
  if (isHostName(name)) draft.add(name, held.type, held.text);
  else complaints.add(DNS_NAME_INVALID, draft.settings.name, `interface ${device} of ${host.name} has no name in DNS`);
}

/** The records somebody wrote down. */
function addRecords(
  draft: Draft,
  complaints: Complaints,
  addReverse: (held: Pick<HostAddress, "reverse" | "views">, name: string) => void,
): void {
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
    if ((record.type === "A" || record.type === "AAAA") && !name.startsWith("*."))
      addReverse({ reverse: reverseName(read.value), views: view === null ? [] : [view] }, name);
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

/** Finds where the names of addresses go. */
interface ReverseNames {
  add(held: Pick<HostAddress, "reverse" | "views">, name: string): void;
  /** The name of an address that no structure holds. */
  addIfNone(held: Pick<HostAddress, "reverse" | "views">, name: string): void;
}

function createReverseNames(zones: SettingsByName, drafts: Drafts): ReverseNames {
  const zoneOf = createReverseIndex(zones);

  function put(held: Pick<HostAddress, "reverse" | "views">, name: string, onlyIfNone: boolean): void {
    const whole = held.reverse;
    const zone = zoneOf(whole);
    if (zone === undefined || !zone.reverse) return;
    const owner = octetRange(zone.name) === undefined ? whole : `${whole.slice(0, whole.indexOf("."))}.${zone.name}`;
    for (const draft of drafts.of(zone.name)) {
      if (!sees(draft.view, held) || (onlyIfNone && draft.values(owner, "PTR").length > 0)) continue;
      draft.add(owner, "PTR", `${name}.`);
    }
  }

  return {
    add: (held, name) => put(held, name, false),
    addIfNone: (held, name) => put(held, name, true),
  };
}

/** Every address that a zone of RFC 2317 holds is looked up in the zone above, where its name leads there. */
function addRangeAliases(zones: SettingsByName, drafts: Drafts): void {
  for (const [octets, ranges] of rangesOf(zones)) {
    const around = zoneAround(zones, octets);
    for (const draft of around === undefined ? [] : drafts.of(around.name)) {
      const done = new Set<number>();
      for (const { zone, first, last } of ranges) {
        for (let octet = first; octet <= last; octet += 1) {
          if (done.has(octet)) continue;
          done.add(octet);
          draft.add(`${octet}.${octets}`, "CNAME", `${octet}.${zone.name}.`);
        }
      }
    }
  }
}

/** Adds the reverse zones that address blocks ask for. A zone that somebody declared holds all addresses below it. */
function deriveReverseZones(
  world: NamedWorld,
  zones: Map<string, ZoneSettings>,
  hosts: readonly Host[],
  complaints: Complaints,
): void {
  const declared = new Map(zones);
  const declaredAround = createReverseIndex(declared);
  const used = new Map<string, HostAddress[]>();
  for (const held of hosts.flatMap((host) => host.addresses)) {
    const list = used.get(held.block);
    if (list === undefined) used.set(held.block, [held]);
    else list.push(held);
  }
  for (const row of [...world.addressBlocks.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const block = parsedBlock(row);
    if (block === undefined) continue;
    const held = used.get(row.name) ?? [];
    const template = zoneOfSite(world, row.site);
    const like = template === null ? undefined : zones.get(normalName(template));
    if (like === undefined) {
      if (held.length > 0)
        complaints.add(
          DNS_NAME_WITHOUT_ZONE,
          null,
          `the addresses of address block ${row.name} have no names: its site ${row.site} has no zone`,
        );
      continue;
    }
    const cut = reverseCut(block);
    const wanted = cut.single ? [reverseName(formatAddress(block.subnet))] : held.map(({ reverse }) => reverse);
    for (const reverse of wanted) {
      const name = cut.zoneOf(reverse);
      if (zones.has(name) || declaredAround(reverse) !== undefined) continue;
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
}

/** Leaves out records that lead to a name of this zone without an address: a name server may refuse the whole zone for them. */
function dropDangling(draft: Draft, complaints: Complaints): void {
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

function byNameAndView(
  a: { readonly name: string; readonly view: string | null },
  b: { readonly name: string; readonly view: string | null },
): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return (a.view ?? "") < (b.view ?? "") ? -1 : 1;
}
