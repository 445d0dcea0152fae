import type { RenderedZone } from "./model.ts";

/** Zone files and their serials. Pure: equal zones give equal texts. */

/** A whole zone file (RFC 1035 section 5), every name written out. */
export function zoneFile(zone: RenderedZone, serial: number): string {
  const lines = [`$TTL ${zone.authority.ttl}`, line(zone.name, zone.authority.ttl, "SOA", authorityText(zone, serial))];
  for (const { name, type, ttl, values } of zone.sets)
    for (const value of values) lines.push(line(name, ttl, type, value));
  return `${lines.join("\n")}\n`;
}

function line(name: string, ttl: number, type: string, value: string): string {
  return `${name}.\t${ttl}\tIN\t${type}\t${value}`;
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
