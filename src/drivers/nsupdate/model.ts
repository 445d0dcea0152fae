import { z } from "zod";
import { authorityText, differenceOf, type RecordSet, type ZoneChange, type ZoneRemoval } from "../../dns/index.ts";

/** What a target of kind `nsupdate` says, and the updates it is sent. Pure. */

export const nsupdateSettings = z.strictObject({
  /** Address or name of the primary server. */
  server: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, "must be an address or a name"),
  port: z.number().int().min(1).max(65_535).default(53),
  /** A TSIG key as `tsig-keygen` writes it: for the owner alone. */
  keyFile: z.string().regex(/^\/[^\p{Cc}]*$/u, "must be an absolute path"),
});

export type NsupdateSettings = z.output<typeof nsupdateSettings>;

/** Lines that belong together: the server does them all, or none. */
type Update = readonly string[];

/** A message holds 64 KiB; texts are longer than what they become. */
const LONGEST_MESSAGE = 24_000;

/**
 * The updates from what the server has to what it is to have, each small enough for one message; the last one brings the new serial.
 *
 * With `careful` a set is changed only if it still is what was published last: an update that finds something else fails as a whole.
 */
export function updatesOf(change: ZoneChange, careful: boolean): readonly string[] {
  const { zone, serial, before } = change;
  const parts =
    before === null ? wholeParts(zone.name, zone.sets) : changedParts(zone.name, before, zone.sets, careful);
  const authority = [`update add ${zone.name}. ${zone.authority.ttl} SOA ${authorityText(zone, serial)}`];
  return messages(zone.name, [...parts, authority]);
}

/** The updates that take away what was published; the zone itself is the server's. */
export function removalsOf({ name, before }: ZoneRemoval): readonly string[] {
  return messages(
    name,
    (before ?? []).filter((set) => !isApexServers(name, set)).map((set) => [deleted(set)]),
  );
}

/** Everything anew: whatever stands at a name of ours goes. */
function wholeParts(zone: string, sets: readonly RecordSet[]): readonly Update[] {
  const byName = new Map<string, RecordSet[]>();
  for (const set of sets) byName.set(set.name, [...(byName.get(set.name) ?? []), set]);
  return [...byName].map(([name, own]) => [
    ...(name === zone ? own.filter((set) => !isApexServers(zone, set)).map(deleted) : [`update delete ${name}.`]),
    ...own.flatMap((set) => set.values.map((value) => added(set, value))),
  ]);
}

function changedParts(
  zone: string,
  before: readonly RecordSet[],
  after: readonly RecordSet[],
  careful: boolean,
): readonly Update[] {
  const { put, drop } = differenceOf(before, after);
  const dropped = drop.map((set) => [
    ...(careful ? stillThere(set) : []),
    ...(isApexServers(zone, set) ? set.values.map((value) => deletedValue(set, value)) : [deleted(set)]),
  ]);
  const making = new Set(drop.map(({ name }) => name));
  const changed = put.map(({ set, before: old }) => {
    const expected = old === null ? stillFree(set, making.has(set.name)) : stillThere(old);
    return [...(careful ? expected : []), ...changes(zone, set, old, careful)];
  });
  // What goes makes room first: a CNAME and other records never stand at one name, not even for a moment.
  return joinByName([...drop, ...put.map(({ set }) => set)], [...dropped, ...changed]);
}

function changes(zone: string, set: RecordSet, old: RecordSet | null, careful: boolean): Update {
  const sameAge = old !== null && old.ttl === set.ttl;
  if (isApexServers(zone, set)) {
    // The servers of a zone are never taken away all at once: the server would not do it.
    const gone = (old?.values ?? []).filter((value) => !set.values.includes(value));
    return [...set.values.map((value) => added(set, value)), ...gone.map((value) => deletedValue(set, value))];
  }
  const additions = set.values.map((value) => added(set, value));
  // A server passes over what does not fit beside what is there, and says nothing.
  if (!careful) {
    const room =
      set.type === "CNAME" ? [`update delete ${set.name}.`] : [`update delete ${set.name}. CNAME`, deleted(set)];
    return [...room, ...additions];
  }
  if (old === null) return additions;
  if (!sameAge) return [deleted(set), ...additions];
  const gone = old.values.filter((value) => !set.values.includes(value));
  const fresh = set.values.filter((value) => !old.values.includes(value));
  return [...gone.map((value) => deletedValue(set, value)), ...fresh.map((value) => added(set, value))];
}

/** Updates of one name become one, so that they are never parted into two messages; their order stays. */
function joinByName(sets: readonly RecordSet[], updates: readonly Update[]): readonly Update[] {
  const byName = new Map<string, string[]>();
  for (const [index, update] of updates.entries()) {
    const name = sets[index]?.name ?? "";
    const lines = byName.get(name);
    if (lines === undefined) byName.set(name, [...update]);
    else lines.push(...update);
  }
  return [...byName.values()];
}

/** Nothing is in the way: a CNAME wants its name for itself, unless what is there is taken away by the same update. */
function stillFree(set: RecordSet, makesRoom: boolean): Update {
  if (set.type === "CNAME" && !makesRoom) return [`prereq nxdomain ${set.name}.`];
  const alone = `prereq nxrrset ${set.name}. ${set.type}`;
  return set.type === "CNAME" || makesRoom ? [alone] : [alone, `prereq nxrrset ${set.name}. CNAME`];
}

function stillThere(set: RecordSet): Update {
  return set.values.map((value) => `prereq yxrrset ${set.name}. ${set.type} ${value}`);
}

function added(set: RecordSet, value: string): string {
  return `update add ${set.name}. ${set.ttl} ${set.type} ${value}`;
}

function deleted(set: RecordSet): string {
  return `update delete ${set.name}. ${set.type}`;
}

function deletedValue(set: RecordSet, value: string): string {
  return `update delete ${set.name}. ${set.type} ${value}`;
}

function isApexServers(zone: string, set: RecordSet): boolean {
  return set.name === zone && set.type === "NS";
}

/** Puts updates together into messages: what must be there stands before what is done. */
function messages(zone: string, updates: readonly Update[]): readonly string[] {
  const texts: string[] = [];
  let conditions: string[] = [];
  let actions: string[] = [];
  let length = 0;
  function close(): void {
    if (actions.length > 0) texts.push([`zone ${zone}.`, ...conditions, ...actions, "send", ""].join("\n"));
    [conditions, actions, length] = [[], [], 0];
  }
  for (const update of updates) {
    const size = update.reduce((sum, line) => sum + line.length, 0);
    if (length + size > LONGEST_MESSAGE) close();
    for (const line of update) (line.startsWith("prereq") ? conditions : actions).push(line);
    length += size;
  }
  close();
  return texts;
}

/** What nsupdate means by its message. */
export function readRefusal(output: string): "changed" | "unreachable" | "refused" {
  if (/update failed: (NXRRSET|YXRRSET|NXDOMAIN|YXDOMAIN)/.test(output)) return "changed";
  if (
    /communication with|connection refused|timed out|host unreachable|network unreachable|couldn't get address/i.test(
      output,
    )
  )
    return "unreachable";
  return "refused";
}
