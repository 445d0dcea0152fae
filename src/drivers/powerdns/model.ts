import { z } from "zod";
import { authorityText, differenceOf, type RecordSet, type ZoneChange } from "../../dns/index.ts";
import type { JsonObject } from "../../kernel/json.ts";

/** What a target of kind `powerdns` says, and what its API is sent. Pure. */

export const powerdnsSettings = z.strictObject({
  /** Of the API: `http://127.0.0.1:8081`. */
  url: z.url({ protocol: /^https?$/, error: "must be a URL as http://127.0.0.1:8081" }).refine((text) => {
    const { username, password } = new URL(text);
    return username === "" && password === "";
  }, "must hold no password"),
  /** A file with the API key alone: for the owner alone. */
  apiKeyFile: z.string().regex(/^\/[^\p{Cc}]*$/u, "must be an absolute path"),
  serverId: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/)
    .default("localhost"),
});

export type PowerdnsSettings = z.output<typeof powerdnsSettings>;

/** Where a zone is in the API. Characters of its id but letters, digits, `.` and `-` are written as `=2F`. */
export function zonePath(serverId: string, zone: string): string {
  const id = `${zone}.`.replaceAll(
    /[^a-zA-Z0-9.-]/g,
    (character) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return `/api/v1/servers/${serverId}/zones/${id}`;
}

/** A zone that is not there yet, whole. Its serial is ours to count. */
export function newZone(change: ZoneChange): JsonObject {
  const { zone } = change;
  return {
    name: `${zone.name}.`,
    kind: "Master",
    nameservers: [],
    soa_edit_api: "",
    rrsets: [authority(change), ...zone.sets].map(rrset),
  };
}

/** What changes in one that is there. */
export function patchOf(change: ZoneChange): JsonObject {
  const { put, drop } = differenceOf(change.before ?? [], change.zone.sets);
  const gone = drop.map(({ name, type }) => ({ name: `${name}.`, type, changetype: "DELETE" }));
  const fresh = [authority(change), ...put.map(({ set }) => set)].map((set) => ({
    ...rrset(set),
    changetype: "REPLACE",
  }));
  return { rrsets: [...gone, ...fresh] };
}

type AnySet = Omit<RecordSet, "type"> & { readonly type: string };

function authority({ zone, serial }: ZoneChange): AnySet {
  return { name: zone.name, type: "SOA", ttl: zone.authority.ttl, values: [authorityText(zone, serial)] };
}

function rrset({ name, type, ttl, values }: AnySet): JsonObject {
  return { name: `${name}.`, type, ttl, records: values.map((content) => ({ content, disabled: false })) };
}
