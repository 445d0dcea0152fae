import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { AddressRequest, FieldChange } from "./model.ts";

/** Things as flat fields, so that what a design says, what it last wrote and what is can be compared one by one. */

/** Value by path: `description`, `variables.greeting`, `scripts.create`. */
export type Fields = ReadonlyMap<string, Json>;

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
  /** Where others say something and the design nothing, and need not. */
  readonly others: readonly string[];
}

/** What is compared is the same, and nobody else said anything. */
export const EQUAL: Comparison = { changes: [], conflicts: [], adopted: [], others: [] };

/**
 * Compares three ways, field by field: what the design wants, what it last wrote (`applied`), and what is. Who last wrote a field
 * other than the design keeps it, until the design says the same. Of an open path nothing is a conflict that the design never mentioned.
 */
export function compareFields(
  wanted: Fields,
  applied: JsonObject,
  actual: Fields,
  isOpen: (path: string) => boolean,
): Comparison {
  const changes: FieldChange[] = [];
  const conflicts: FieldChange[] = [];
  const adopted: FieldChange[] = [];
  const others: string[] = [];
  for (const path of new Set([...wanted.keys(), ...actual.keys(), ...Object.keys(applied)])) {
    const to = wanted.get(path);
    const from = actual.get(path);
    const before = Object.hasOwn(applied, path) ? applied[path] : undefined;
    const touched = !sameField(path, before, from);
    if (sameField(path, to, from)) {
      if (touched) adopted.push(change(path, from, to));
    } else if (to === undefined && before === undefined && isOpen(path)) others.push(path);
    else (touched ? conflicts : changes).push(change(path, from, to));
  }
  return { changes, conflicts, adopted, others };
}

export function change(path: string, from: Json | undefined, to: Json | undefined): FieldChange {
  return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** An open address is content with any of its block, one without an interface with any. */
function sameField(path: string, asked: Json | undefined, actual: Json | undefined): boolean {
  if (path !== "addresses" || !Array.isArray(asked) || !Array.isArray(actual)) return sameValue(asked, actual);
  const held = actual as readonly AddressRequest[];
  const requests = asked as readonly AddressRequest[];
  return (
    held.length === requests.length &&
    requests.every(
      ({ block, address, interface: port }, index) =>
        held[index]?.block === block &&
        (address === null || address === held[index].address) &&
        (port === undefined || port === held[index].interface),
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
