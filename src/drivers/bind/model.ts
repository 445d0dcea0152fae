import { z } from "zod";

/** What a target of kind `bind` says, and the files BIND reads. Pure. */

/** Goes into a configuration file within quotes. */
const path = z.string().regex(/^\/[^"\\\p{Cc}]*$/u, "must be an absolute path, without quotes and backslashes");

export const bindSettings = z.strictObject({
  /** Where zone files go, and beside them `zones.conf`. A view has a folder of its own in it. */
  folder: path,
  /** `rndc.conf` or `rndc.key`: for the owner alone. */
  rndcConfig: path,
});

export type BindSettings = z.output<typeof bindSettings>;

const ENDING = ".zone";

/** The name of a zone's file: the zone's own, as RFC 2317 has zones with a slash in it. */
export function fileNameOf(zone: string): string {
  return `${zone.replaceAll("/", "%2F")}${ENDING}`;
}

/** The zone of a file; undefined for files that are none of ours. */
export function zoneOfFile(name: string): string | undefined {
  return name.endsWith(ENDING) && !name.startsWith(".")
    ? name.slice(0, -ENDING.length).replaceAll("%2F", "/")
    : undefined;
}

/** `zones.conf`: what named.conf includes, for every zone file there is. */
export function configurationText(folder: string, zones: readonly string[]): string {
  const lines = [...zones]
    .sort()
    .map((zone) => `zone "${zone}" { type primary; file "${folder}/${fileNameOf(zone)}"; };`);
  return ["// Written by Gantry: what is changed here is lost.", ...lines, ""].join("\n");
}

/** Words for a command of rndc: the zone, and its view if it has one. */
export function zoneWords(zone: string, view: string | null): readonly string[] {
  return view === null ? [zone] : [zone, "IN", view];
}

/** What rndc means by its message. */
export function readRefusal(output: string): "unknown_zone" | "unreachable" | "refused" {
  if (/not found|no matching zone/i.test(output)) return "unknown_zone";
  if (/connection refused|timed out|connect failed|host unreachable|network unreachable/i.test(output))
    return "unreachable";
  return "refused";
}
