import type { Blueprint, SourceText } from "../blueprints/index.ts";
import { hashOf, type AddressBlockData, type FoundationData, type SiteData } from "../inventory/index.ts";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { AddressRequest, DesignStructure, FieldChange } from "./model.ts";

/** Things as flat fields, so that what a design says, what it last wrote and what is can be compared one by one. */

/** Value by path: `description`, `variables.greeting`, `scripts.create`. */
export type Fields = ReadonlyMap<string, Json>;

export function siteFields(site: SiteData): Fields {
  return new Map<string, Json>([
    ["kind", site.kind],
    ["description", site.description],
    ["parent", site.parent],
    ...each("variables", site.variables),
  ]);
}

export function addressBlockFields(block: AddressBlockData): Fields {
  return new Map<string, Json>([
    ["site", block.site],
    ["subnet", block.subnet],
    ["gateway", block.gateway],
    ["reserved", block.reserved],
  ]);
}

export function blueprintFields(blueprint: Blueprint): Fields {
  return new Map<string, Json>([
    ["builds", blueprint.builds],
    ["description", blueprint.description],
    ["parents", blueprint.parents],
    ["foundation_types", blueprint.foundationTypes],
    ["foundation_blueprints", blueprint.foundationBlueprints],
    ...each("variables", blueprint.variables),
    ...each("scripts", textHashes(blueprint.scripts)),
    ...each("templates", textHashes(blueprint.templates)),
  ]);
}

export function foundationFields(foundation: FoundationData): Fields {
  return new Map<string, Json>([
    ["site", foundation.site],
    ["type", foundation.type],
    ["blueprint", foundation.blueprint],
    ...each("attributes", foundation.attributes),
    ...each("variables", foundation.variables),
  ]);
}

/** What is asked for: an address may be open (null). */
export function structureFields(structure: DesignStructure): Fields {
  return new Map<string, Json>([
    ["site", structure.site],
    ["blueprint", structure.blueprint],
    ["foundation", structure.foundation],
    ["description", structure.description],
    ["addresses", structure.addresses.map(({ block, address }) => ({ block, address }))],
    ["depends_on", [...structure.dependsOn].sort()],
    ...each("variables", structure.variables),
  ]);
}

function each(prefix: string, values: JsonObject): [string, Json][] {
  return Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]);
}

/** Texts are long: they are compared by a hash, written as `{"$text": hash}`. */
function textHashes(texts: Readonly<Record<string, SourceText>>): JsonObject {
  return Object.fromEntries(Object.entries(texts).map(([name, { text }]) => [name, { $text: hashOf(text) }]));
}

/** The hash of a text among fields; undefined for other values. */
export function textHash(value: Json | undefined): string | undefined {
  const hash = isJsonObject(value) ? value["$text"] : undefined;
  return typeof hash === "string" ? hash : undefined;
}

export interface Comparison {
  /** What the design says and nobody else touched. */
  readonly changes: readonly FieldChange[];
  /** What somebody else changed, and the design wants otherwise: left as it is. */
  readonly conflicts: readonly FieldChange[];
  /** What somebody else changed to what the design now says too. */
  readonly adopted: readonly FieldChange[];
}

/**
 * Compares three ways, field by field: what the design wants, what it last wrote (`applied`), and what is. Who last wrote a field
 * other than the design keeps it, until the design says the same.
 */
export function compareFields(wanted: Fields, applied: JsonObject, actual: Fields): Comparison {
  const changes: FieldChange[] = [];
  const conflicts: FieldChange[] = [];
  const adopted: FieldChange[] = [];
  for (const path of new Set([...wanted.keys(), ...actual.keys(), ...Object.keys(applied)])) {
    const to = wanted.get(path);
    const from = actual.get(path);
    const before = Object.hasOwn(applied, path) ? applied[path] : undefined;
    const touched = !sameField(path, before, from);
    if (sameField(path, to, from)) {
      if (touched) adopted.push(change(path, from, to));
    } else (touched ? conflicts : changes).push(change(path, from, to));
  }
  return { changes, conflicts, adopted };
}

export function change(path: string, from: Json | undefined, to: Json | undefined): FieldChange {
  return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** An open address is content with any of its block. */
function sameField(path: string, asked: Json | undefined, actual: Json | undefined): boolean {
  if (path !== "addresses" || !Array.isArray(asked) || !Array.isArray(actual)) return sameValue(asked, actual);
  const held = actual as readonly AddressRequest[];
  const requests = asked as readonly AddressRequest[];
  return (
    held.length === requests.length &&
    requests.every(
      ({ block, address }, index) =>
        held[index]?.block === block && (address === null || address === held[index].address),
    )
  );
}

/** Fields as they are stored in `applied`. */
export function appliedOf(fields: Fields): JsonObject {
  return Object.fromEntries(fields);
}

/**
 * What `applied` becomes: what the design says now, but for conflicts, whose old value stays so that they go on being conflicts.
 */
export function nextApplied(wanted: Fields, applied: JsonObject, conflicts: readonly FieldChange[]): JsonObject {
  const next = new Map(wanted);
  for (const { path } of conflicts) {
    const before = Object.hasOwn(applied, path) ? applied[path] : undefined;
    if (before === undefined) next.delete(path);
    else next.set(path, before);
  }
  return appliedOf(next);
}
