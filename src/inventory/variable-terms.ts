import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { parseKey } from "../variables/index.ts";
import { MOST_PARTS, type VariableQuery } from "./variable-path.ts";

/**
 * The terms by which definitions of variables are found: numbers, each made of a tenant, a path and a value. Two may by chance be the
 * same number, and a definition may not count: so what is found by them is looked at again, and nothing that fits is ever missed. Pure.
 *
 * Why nothing is missed: a value within what is resolved comes from the one definition that set it, or from one that was joined to it; maps
 * are joined member by member, lists item by item. So whoever has value V at path P has a definition with V at P; in lists at another
 * place, therefore places do not count in terms. Only texts can be put together of parts, and become shorter, and maps and lists become
 * empty: for these each definition that joins a text or takes away has a term of its own, and so has one too large to be told apart.
 */
export interface AskedTerms {
  /** The value, or one within it. Null: it lies too deep to have one. */
  readonly value: number | null;
  /** Definitions that may add to the value otherwise. */
  readonly others: readonly number[];
}

/** Values of one variable that have terms; of one that holds more, everything counts as possible. */
const MOST_VALUES = 10_000;

/** The terms of definitions, in order, each once. */
export function termsOf(tenantId: string, definitions: JsonObject): readonly number[] {
  const start = hashed(tenantHash(tenantId), "");
  const terms = new Set<number>();
  for (const [text, value] of Object.entries(definitions)) {
    const key = parseKey(text);
    if (key === undefined || key.operator === "delete") continue;
    const at = member(start, key.name);
    if (key.operator === "remove") {
      terms.add(termOf(at, "joins"));
      continue;
    }
    addValues(terms, at, value);
    if (key.operator === "set") continue;
    if (typeof value !== "object" || isJsonObject(value)) terms.add(termOf(at, "joins"));
    // What is no list becomes an item when it is joined to one.
    if (!Array.isArray(value)) addValues(terms, item(at), value, at, 2);
  }
  return [...terms].sort((a, b) => a - b);
}

/** The terms to look for: whoever has none of them does not fit. */
export function askedTerms(tenantId: string, { path, value }: VariableQuery): AskedTerms {
  const [variable, ...parts] = path;
  const root = member(hashed(tenantHash(tenantId), ""), variable);
  let at = root;
  let depth = 1;
  for (const part of parts) {
    at = typeof part === "number" ? item(at) : member(at, part);
    depth += 1;
  }
  let inner = value;
  for (;;) {
    if (Array.isArray(inner) && inner.length > 0) {
      inner = inner[0] as Json;
      at = item(at);
    } else if (isJsonObject(inner) && Object.keys(inner).length > 0) {
      const [name, found] = Object.entries(inner)[0]!;
      inner = found;
      at = member(at, name);
    } else break;
    depth += 1;
  }
  const whole = parts.length === 0;
  const joined = whole && (typeof value === "string" || isEmpty(value));
  return {
    value: depth > MOST_PARTS ? null : termOf(at, leafText(inner)),
    others: [termOf(root, "large"), ...(joined ? [termOf(root, "joins")] : [])],
  };
}

function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

interface Hash {
  readonly a: number;
  readonly b: number;
}

function addValues(terms: Set<number>, from: Hash, value: Json, root = from, depth = 1): void {
  const open: { readonly at: Hash; readonly value: Json; readonly depth: number }[] = [{ at: from, value, depth }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { at, value: one, depth: level } = next;
    count += 1;
    if (level > MOST_PARTS || count > MOST_VALUES) {
      terms.add(termOf(root, "large"));
      if (count > MOST_VALUES) return;
      continue;
    }
    if (Array.isArray(one) && one.length > 0) {
      const inside = item(at);
      for (const each of one as readonly Json[]) open.push({ at: inside, value: each, depth: level + 1 });
    } else if (isJsonObject(one) && Object.keys(one).length > 0) {
      for (const [name, each] of Object.entries(one))
        open.push({ at: member(at, name), value: each, depth: level + 1 });
    } else terms.add(termOf(at, leafText(one)));
  }
}

/** A value without anything within it, as text that no mark (`joins`, `large`) is. */
function leafText(value: Json): string {
  if (Array.isArray(value)) return "[]";
  return isJsonObject(value) ? "{}" : JSON.stringify(value);
}

function member(at: Hash, name: string): Hash {
  return hashed(at, `.${name}\u0000`);
}

function item(at: Hash): Hash {
  return hashed(at, "[\u0000");
}

/** A whole number of 53 bits. */
function termOf(at: Hash, text: string): number {
  const { a, b } = hashed(at, `=${text}`);
  return (mixed(a) >>> 0) * 0x200000 + (mixed(b) >>> 11);
}

let last: { readonly tenantId: string; readonly hash: Hash } | undefined;

function tenantHash(tenantId: string): Hash {
  if (last?.tenantId !== tenantId) last = { tenantId, hash: hashed({ a: 0x811c9dc5 | 0, b: 0x2545f491 }, tenantId) };
  return last.hash;
}

/** Goes on with two sums over the characters, each by its own rule, of which together 53 bits are used. */
function hashed(from: Hash, text: string): Hash {
  let { a, b } = from;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul((b << 5) ^ (b >>> 27) ^ unit, 0x9e3779b1);
  }
  return { a, b };
}

function mixed(sum: number): number {
  const once = Math.imul(sum ^ (sum >>> 16), 0x7feb352d);
  return Math.imul(once ^ (once >>> 15), 0x846ca68b) ^ (once >>> 13);
}
