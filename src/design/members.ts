import type { SourceText } from "../blueprints/index.ts";
import { hashOf, type AssetReference, type ZoneRecord } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Fields } from "./fields.ts";
import type { AddressRequest } from "./model.ts";

/**
 * How things are taken apart into fields that are compared one by one, and put together again: one table a kind says how each of its
 * members is.
 *
 * - whole: one field
 * - each: a map, a field for each of its keys
 * - texts: a map of scripts or templates, a field with a hash for each
 * - list: names whose order says nothing, as one field
 *
 * The others are open: what a design does not mention is none of its business, so what others say there stays and is no conflict.
 *
 * - said: one field, if anything is said
 * - addresses: those of a structure, as one field, if any are asked for
 * - labels: a map, a field for each of its keys
 * - names: a list of names, a field for each
 * - assets: references to other systems, a field for each system and id
 * - records: of a zone, a field for each
 */
export type Way =
  | "whole"
  | "each"
  | "texts"
  | "list"
  | "addresses"
  | "said"
  | "labels"
  | "names"
  | "assets"
  | "records";

export type Members<Data> = { readonly [Member in Exclude<keyof Data & string, "name">]?: Way };

/** What can be done with things of one kind, by the table of its members. */
export interface Kind<Data> {
  fields(data: Data): Fields;
  /** Whether what others say at a path is left to them as long as the design says nothing there. */
  isOpen(path: string): boolean;
  /** What a thing will be: as the design says, but for the paths that others keep. */
  merge(wanted: Data, actual: Data, kept: ReadonlySet<string>): Data;
}

const OPEN: ReadonlySet<Way> = new Set<Way>(["said", "addresses", "labels", "names", "assets", "records"]);

/** Members that are lists, and compared by what is in them. */
const LISTS: ReadonlySet<Way> = new Set<Way>(["names", "assets", "records"]);

export function kindOf<Data extends { readonly name: string }>(members: Members<Data>): Kind<Data> {
  const ways = Object.entries(members) as [keyof Data & string, Way][];
  const parts = ways.map(([member, way]) => ({ member, way, path: pathOf(member) }));
  const open = new Set(parts.filter(({ way }) => OPEN.has(way)).map(({ path }) => path));
  return {
    fields(data) {
      const fields = new Map<string, Json>();
      for (const { member, way, path } of parts) addFields(fields, path, way, data[member]);
      return fields;
    },
    isOpen(path) {
      const dot = path.indexOf(".");
      return open.has(dot < 0 ? path : path.slice(0, dot));
    },
    merge(wanted, actual, kept) {
      // Nearly always nobody else has written anything.
      if (kept.size === 0) return wanted;
      const merged: Record<string, unknown> = { ...wanted };
      for (const { member, way, path } of parts)
        merged[member] = mergeMember(path, way, wanted[member], actual[member], kept);
      return merged as Data;
    },
  };
}

/** `managementAddress` as documents write it: `management_address`. */
function pathOf(member: string): string {
  return member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function addFields(fields: Map<string, Json>, path: string, way: Way, value: unknown): void {
  switch (way) {
    case "whole":
      fields.set(path, value as Json);
      return;
    case "list":
      fields.set(path, [...(value as readonly string[])].sort());
      return;
    case "addresses":
      if (!isNothing(value)) fields.set(path, (value as readonly AddressRequest[]).map(askedOf));
      return;
    case "said":
      if (!isNothing(value)) fields.set(path, value as Json);
      return;
    default:
      for (const [name, one] of entriesOf(way, value)) fields.set(`${path}.${name}`, fieldOf(way, one));
  }
}

function fieldOf(way: Way, one: unknown): Json {
  if (way === "texts") return { $text: hashOf((one as SourceText).text) };
  if (way === "assets") return (one as AssetReference).url ?? true;
  if (way === "records") return (one as ZoneRecord).ttl ?? true;
  return way === "names" ? true : (one as Json);
}

/** An interface that is not said is left out, as in rows. */
function askedOf({ block, address, interface: port }: AddressRequest): Json {
  return port === undefined ? { block, address } : { block, address, interface: port };
}

function isNothing(value: unknown): boolean {
  if (value === null || value === "" || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** The parts of a member that is compared part by part, by name. */
function entriesOf(way: Way, value: unknown): [string, unknown][] {
  switch (way) {
    case "names":
      return (value as readonly string[]).map((name) => [name, name]);
    case "assets":
      return (value as readonly AssetReference[]).map((one) => [`${one.system} ${one.id}`, one]);
    case "records":
      return (value as readonly ZoneRecord[]).map((one) => [`${one.name || "@"} ${one.type} ${one.value}`, one]);
    default:
      return Object.entries(value as JsonObject);
  }
}

function mergeMember(path: string, way: Way, wanted: unknown, actual: unknown, kept: ReadonlySet<string>): unknown {
  if (way === "whole" || way === "list" || way === "addresses" || way === "said")
    return kept.has(path) ? actual : wanted;
  const merged = new Map(entriesOf(way, wanted));
  const there = new Map(entriesOf(way, actual));
  for (const one of kept) {
    if (!one.startsWith(`${path}.`)) continue;
    const name = one.slice(path.length + 1);
    const value = there.get(name);
    if (value === undefined) merged.delete(name);
    else merged.set(name, value);
  }
  return LISTS.has(way) ? [...merged.values()] : Object.fromEntries(merged);
}
