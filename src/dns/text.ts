import type { RecordSet, RenderedZone } from "./model.ts";

/** Zone files and their serials. Pure: equal zones give equal texts. */

/** A whole zone file (RFC 1035 section 5), every name written out. */
export function zoneFile(zone: RenderedZone, serial: number): string {
  return head(zone, serial) + zone.sets.map(linesOf).join("");
}

/** The same, written again and again: of a zone that was made of the one before only what is new is put into words. */
export interface ZoneFiles {
  file(zone: RenderedZone, serial: number): string;
}

/** What was written of a zone last. */
interface Written {
  readonly sets: readonly RecordSet[];
  /** All lines but those at the head. */
  readonly text: string;
  /** Where each set begins in it, and at last its end. */
  readonly starts: Uint32Array;
}

/** Smaller zones are not worth remembering. */
const SMALL = 500;

export function createZoneFiles(): ZoneFiles {
  const known = new Map<string, Written>();
  return {
    file(zone, serial) {
      if (zone.sets.length < SMALL) return zoneFile(zone, serial);
      const key = `${zone.name} ${zone.view ?? ""}`;
      const written = rewritten(known.get(key), zone.sets);
      known.set(key, written);
      return head(zone, serial) + written.text;
    },
  };
}

function rewritten(before: Written | undefined, sets: readonly RecordSet[]): Written {
  const old = before?.sets ?? [];
  const shortest = Math.min(old.length, sets.length);
  let front = 0;
  while (front < shortest && old[front] === sets[front]) front += 1;
  let back = 0;
  while (back < shortest - front && old[old.length - 1 - back] === sets[sets.length - 1 - back]) back += 1;
  const lines = sets.slice(front, sets.length - back).map(linesOf);
  const starts = new Uint32Array(sets.length + 1);
  const oldStarts = before?.starts ?? new Uint32Array(1);
  starts.set(oldStarts.subarray(0, front + 1));
  for (const [index, text] of lines.entries()) starts[front + index + 1] = starts[front + index]! + text.length;
  // Behind what changed everything is moved alike.
  const moved = starts[sets.length - back]! - oldStarts[old.length - back]!;
  for (let left = back; left > 0; left -= 1) starts[sets.length + 1 - left] = oldStarts[old.length + 1 - left]! + moved;
  const text =
    (before?.text.slice(0, oldStarts[front]) ?? "") +
    lines.join("") +
    (before?.text.slice(oldStarts[old.length - back]) ?? "");
  return { sets, text, starts };
}

function head(zone: RenderedZone, serial: number): string {
  const { ttl } = zone.authority;
  return `$TTL ${ttl}\n${line(zone.name, ttl, "SOA", authorityText(zone, serial))}`;
}

function linesOf({ name, type, ttl, values }: RecordSet): string {
  return values.map((value) => line(name, ttl, type, value)).join("");
}

function line(name: string, ttl: number, type: string, value: string): string {
  return `${name}.\t${ttl}\tIN\t${type}\t${value}\n`;
}

/** The value of the SOA record. */
export function authorityText(zone: RenderedZone, serial: number): string {
  const { primary, contact, refresh, retry, expire, minimum } = zone.authority;
  return `${primary}. ${contact}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
}

/** Serials are 32 bits wide and go round (RFC 1982). */
const WIDTH = 2 ** 32;

/**
 * The serial after `previous`: `2026070100` for the first change of a day (UTC), one more for each further one; never lower than before.
 * `now`: epoch milliseconds.
 */
export function nextSerial(previous: number | null, now: number): number {
  const today = Number(new Date(now).toISOString().slice(0, 10).replaceAll("-", "")) * 100;
  if (previous === null) return today;
  if (isNewer(today, previous)) return today;
  // Zero is not a serial that every name server counts on from.
  return (previous + 1) % WIDTH || 1;
}

/** Whether a serial comes after another, as secondaries see it. */
export function isNewer(serial: number, than: number): boolean {
  const distance = (serial - than + WIDTH) % WIDTH;
  return distance > 0 && distance < WIDTH / 2;
}
