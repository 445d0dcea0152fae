import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { sameJson } from "../inventory/index.ts";
import type { ImportFieldChange, ImportKind } from "./import-model.ts";

/**
 * Rows as flat fields, so that what a source says, what the import last wrote and what is are compared one by one. Maps are compared
 * member by member, and lists of names name by name: what people add to them beside the import is theirs. Pure.
 */

/** Value by path: `role`, `variables.greeting`, `groups.web` (true), `assets.netbox`. */
export type ImportFields = Map<string, Json>;

const MAPS: readonly string[] = ["variables", "labels", "fields", "parameters", "scripts", "templates"];
const NAME_LISTS: readonly string[] = [
  "groups",
  "includes",
  "networks",
  "members",
  "dependsOn",
  "foundationTypes",
  "foundationBlueprints",
];

/** What the import says of itself about a row; the name is what finds it. */
export function fieldsOf(data: JsonObject): ImportFields {
  const fields: ImportFields = new Map();
  for (const [member, value] of Object.entries(data)) {
    if (member === "name") continue;
    if (MAPS.includes(member)) {
      for (const [key, one] of Object.entries(value as JsonObject)) fields.set(`${member}.${key}`, one);
    } else if (NAME_LISTS.includes(member)) {
      for (const name of value as readonly string[]) fields.set(`${member}.${name}`, true);
    } else if (member === "assets") {
      for (const asset of value as readonly JsonObject[]) fields.set(`assets.${String(asset["system"])}`, asset);
    } else fields.set(member, value);
  }
  return fields;
}

/** The value of one field of a row; undefined when it has none. */
function fieldOf(memberOf: (name: string) => Json | undefined, path: string): Json | undefined {
  const dot = path.indexOf(".");
  if (dot < 0) return memberOf(path);
  const member = path.slice(0, dot);
  const key = path.slice(dot + 1);
  const value = memberOf(member);
  if (Array.isArray(value)) {
    if (member === "assets") return (value as readonly JsonObject[]).find((asset) => asset["system"] === key);
    return value.includes(key) ? true : undefined;
  }
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export interface ImportComparison {
  /** What the source says otherwise than before, and nobody else touched. */
  readonly changes: readonly ImportFieldChange[];
  /** What somebody else changed, and the source says otherwise: it stays. */
  readonly conflicts: readonly ImportFieldChange[];
  /** What somebody else changed to what the source says too. */
  readonly adopted: readonly ImportFieldChange[];
}

/** Three ways: what the source says, what the import last wrote, what is. */
export function compareRow(said: ImportFields, applied: JsonObject, row: JsonObject): ImportComparison {
  const changes: ImportFieldChange[] = [];
  const conflicts: ImportFieldChange[] = [];
  const adopted: ImportFieldChange[] = [];
  // A row parses a member each time it is read.
  const members = new Map<string, Json | undefined>();
  function memberOf(name: string): Json | undefined {
    if (!members.has(name)) members.set(name, row[name]);
    return members.get(name);
  }
  function compare(path: string, to: Json | undefined): void {
    const from = fieldOf(memberOf, path);
    const before = Object.hasOwn(applied, path) ? applied[path] : undefined;
    const touched = !sameJson(before, from);
    // A member that was said to be nothing, and is not said now. In a map it would be there.
    if (to === undefined && from === null && before === null && !path.includes(".")) return;
    if (sameJson(to, from)) {
      if (touched) adopted.push(fieldChange(path, from, to));
    } else (touched ? conflicts : changes).push(fieldChange(path, from, to));
  }
  for (const [path, to] of said) compare(path, to);
  for (const path of Object.keys(applied)) if (!said.has(path)) compare(path, undefined);
  return { changes, conflicts, adopted };
}

function fieldChange(path: string, from: Json | undefined, to: Json | undefined): ImportFieldChange {
  return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** What `applied` becomes: what the source says now, but for conflicts, which so go on being conflicts. */
export function nextApplied(
  said: ImportFields,
  applied: JsonObject,
  conflicts: readonly ImportFieldChange[],
): JsonObject {
  const next = new Map(said);
  for (const { path } of conflicts) {
    const before = Object.hasOwn(applied, path) ? applied[path] : undefined;
    if (before === undefined) next.delete(path);
    else next.set(path, before);
  }
  return Object.fromEntries(next);
}

/** A row's data with some fields as they are to be. */
export function withFields(data: JsonObject, kind: ImportKind, changes: readonly ImportFieldChange[]): JsonObject {
  const next: Record<string, Json> = { ...data };
  for (const { path, to } of changes) {
    const dot = path.indexOf(".");
    if (dot < 0) {
      next[path] = to ?? emptyOf(kind, path);
      continue;
    }
    const member = path.slice(0, dot);
    const key = path.slice(dot + 1);
    const value = next[member];
    if (Array.isArray(value)) {
      const list = value as readonly Json[];
      const others =
        member === "assets"
          ? list.filter((one) => (one as JsonObject)["system"] !== key)
          : list.filter((one) => one !== key);
      next[member] = to === undefined ? others : [...others, member === "assets" ? to : key];
    } else {
      const { [key]: _before, ...rest } = (value ?? {}) as JsonObject;
      next[member] = to === undefined ? rest : { ...rest, [key]: to };
    }
  }
  return next;
}

/** What a member is when the source says nothing of it any more. */
function emptyOf(kind: ImportKind, member: string): Json {
  if (["addresses", "reserved", "dynamic", "parents", "interfaces"].includes(member)) return [];
  if (member === "description" || (member === "kind" && (kind === "site" || kind === "group"))) return "";
  if (member === "priority") return 0;
  if (member === "trunking") return { mode: "disabled", native: null };
  return null;
}
