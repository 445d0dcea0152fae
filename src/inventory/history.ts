import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { sameJson } from "./bounds.ts";

/** What changed in a thing, readably. Pure. */

export interface Change {
  /** Members joined by dots; a dot in a name is written `\.`. */
  readonly path: string;
  /** Left out: there was none. */
  readonly before?: Json;
  /** Left out: there is none any more. */
  readonly after?: Json;
}

/** What every write changes, or what is kept for the program alone. */
const BOOKKEEPING: ReadonlySet<string> = new Set(["version", "updatedAt", "createdAt", "applied", "build"]);

/** Changes member by member; in objects each key by itself, lists and texts as a whole. */
export function changesBetween(before: JsonObject, after: JsonObject): readonly Change[] {
  const changes: Change[] = [];
  compare(changes, "", without(before), without(after));
  return changes;
}

/** What a thing was created with, or held when it was removed: members that are empty are left out. */
export function heldBy(row: JsonObject, as: "before" | "after"): readonly Change[] {
  const held = Object.fromEntries(Object.entries(without(row)).filter(([, value]) => !isEmpty(value)));
  return as === "after" ? changesBetween({}, held) : changesBetween(held, {});
}

function without(row: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([member]) => !BOOKKEEPING.has(member) && member !== "id"));
}

function isEmpty(value: Json): boolean {
  return (
    value === null || value === "" || value === false || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function compare(changes: Change[], path: string, before: JsonObject, after: JsonObject): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [had, has] = [Object.hasOwn(before, key), Object.hasOwn(after, key)];
    const [was, is] = [before[key], after[key]];
    const name = key.replaceAll(/[.\\]/g, String.raw`\$&`);
    const at = path === "" ? name : `${path}.${name}`;
    if (had && has && sameJson(was, is)) continue;
    if ((isJsonObject(was) || !had) && (isJsonObject(is) || !has) && keysOf(was, is) > 0)
      compare(changes, at, (was ?? {}) as JsonObject, (is ?? {}) as JsonObject);
    else changes.push({ path: at, ...(had ? { before: was as Json } : {}), ...(has ? { after: is as Json } : {}) });
  }
}

function keysOf(...values: readonly (Json | undefined)[]): number {
  return values.reduce<number>((count, value) => count + (isJsonObject(value) ? Object.keys(value).length : 0), 0);
}
