import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { sameJson } from "./bounds.ts";
import type { AnyRow } from "./edit-model.ts";
import { FILTER_INVALID } from "./errors.ts";
import { ruleOf, type Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { createResolver, type ResolverOptions } from "./variables.ts";

/** A place among resolved variables and what stands there. */
export interface VariableWish {
  readonly path: readonly string[];
  readonly value: Json;
}

/** Members of a path. */
const MOST_PARTS = 64;

/** Reads `PATH:JSON`: `ntp.servers[0]:"10.0.0.1"`, `rack:12`. What is no JSON is a text. Errors: `filter_invalid`. */
export function wishOf(text: string): VariableWish {
  const split = text.indexOf(":");
  const path = text
    .slice(0, Math.max(0, split))
    .replaceAll(/\[(\d+)\]/g, ".$1")
    .split(".");
  if (split < 1 || path.includes("") || path.length > MOST_PARTS)
    throw new GantryError(
      FILTER_INVALID,
      `vars: '${text.slice(0, 80)}' is not PATH:JSON, for example ntp.server:"10.0.0.1"`,
    );
  const value = text.slice(split + 1);
  try {
    return { path, value: JSON.parse(value) as Json };
  } catch {
    return { path, value };
  }
}

/** Whether a structure or foundation has all of these among its resolved variables. Errors: `filter_invalid`. */
export function holdsVariables(
  snapshot: Snapshot,
  kind: Kind,
  texts: readonly string[],
  options: ResolverOptions,
): (row: AnyRow) => boolean {
  if (kind !== "structure" && kind !== "foundation")
    throw new GantryError(FILTER_INVALID, `a list of ${ruleOf(kind).plural} has no filter 'vars'`);
  const wishes = texts.map(wishOf);
  const resolver = createResolver(snapshot, options);
  return (row) => {
    const { values } = resolver[kind](row.name);
    return wishes.every(({ path, value }) => sameJson(at(values, path), value));
  };
}

function at(value: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const part of path) {
    if (Array.isArray(found)) found = (found as readonly Json[])[/^\d+$/.test(part) ? Number(part) : -1];
    else found = isJsonObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  return found;
}
