import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type LineCounter,
  type Node,
  type YAMLMap,
} from "yaml";
import { problem, type Place, type Problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { ALIAS_BOMB, DUPLICATE_NAME, NESTED_TOO_DEEPLY, YAML_SYNTAX } from "./errors.ts";

/** What aliases may make of a document, in characters (a node counts as one). Plain text of a full bundle stays below it. */
const EXPANDED_LIMIT = 16 * 1024 * 1024;
const DEPTH_LIMIT = 100;

/** A part of the document with all its aliases: its value, and how large it is when written out. */
interface Converted {
  readonly value: Json;
  readonly weight: number;
}

export interface ConvertedDocument {
  readonly value: Json;
  /** What each alias stands for. */
  readonly named: ReadonlyMap<Alias, Node>;
  /** Nothing but keys that are written twice is wrong: the first of each counts. */
  readonly readable: boolean;
  /** Whether everything the document defines is in the value. */
  readonly complete: boolean;
}

const NOTHING: Converted = { value: null, weight: 1 };

/**
 * Makes plain JSON of a YAML document: aliases and merge keys resolved (what an alias names is shared, not copied), bounded in depth and
 * in what the aliases expand to. Pushes what is wrong to `problems`.
 */
export function convertDocument(
  document: Document,
  file: string,
  lines: LineCounter,
  problems: Problem[],
): ConvertedDocument {
  const anchors = new Map<string, Converted & { node: Node }>();
  const named = new Map<Alias, Node>();
  const open = new Set<string>();
  const before = problems.length;
  let duplicates = 0;
  let complete = true;
  let bomb = false;
  let deep = false;

  function at(node: { range?: readonly number[] | null | undefined }): Place {
    return placeAt(file, lines, node.range?.[0] ?? 0);
  }

  function convert(node: unknown, depth: number): Converted {
    if (isAlias(node)) return convertAlias(node);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return NOTHING;
    if (depth > DEPTH_LIMIT) {
      if (!deep) problems.push(problem(NESTED_TOO_DEEPLY, `nested more than ${DEPTH_LIMIT} levels deep`, at(node)));
      deep = true;
      return NOTHING;
    }
    const anchor = node.anchor;
    if (anchor !== undefined) open.add(anchor);
    const converted = isMap(node)
      ? convertMap(node, depth)
      : isSeq(node)
        ? convertList(node.items, depth)
        : convertScalar(node);
    if (anchor !== undefined) {
      open.delete(anchor);
      anchors.set(anchor, { ...converted, node });
    }
    return converted;
  }

  function convertAlias(node: Alias): Converted {
    if (open.has(node.source)) {
      problems.push(problem(ALIAS_BOMB, `the alias *${node.source} stands inside of what it names`, at(node)));
      return NOTHING;
    }
    const found = anchors.get(node.source);
    if (found === undefined) {
      problems.push(problem(YAML_SYNTAX, `nothing before it is named by the alias *${node.source}`, at(node)));
      return NOTHING;
    }
    named.set(node, found.node);
    return found;
  }

  /** Weights only grow, so the first sum over the limit is where the bomb goes off. */
  function bounded(weight: number, node: Node): boolean {
    if (weight <= EXPANDED_LIMIT) return true;
    if (!bomb)
      problems.push(problem(ALIAS_BOMB, `the aliases expand to more than ${EXPANDED_LIMIT} characters`, at(node)));
    bomb = true;
    return false;
  }

  function convertList(items: readonly unknown[], depth: number): Converted {
    const list: Json[] = [];
    let weight = 1;
    for (const item of items) {
      const one = convert(item, depth + 1);
      weight += one.weight;
      if (!bounded(weight, item as Node)) return NOTHING;
      list.push(one.value);
    }
    return { value: list, weight };
  }

  function convertMap(map: YAMLMap, depth: number): Converted {
    const written = new Map<string, Json>();
    const merged = new Map<string, Json>();
    let weight = 1;
    for (const pair of map.items) {
      const key = pair.key;
      if (isMergeKey(key)) {
        const base = convert(pair.value, depth);
        weight += base.weight;
        if (!bounded(weight, key as Node)) return NOTHING;
        if (!mergeInto(merged, base.value))
          problems.push(problem(YAML_SYNTAX, "a merge key (<<) takes a map or a list of maps", at(key as Node)));
        continue;
      }
      const name = keyText(key);
      if (name === undefined || name === "__proto__") {
        problems.push(
          problem(
            YAML_SYNTAX,
            name === undefined ? "a key must be a plain text" : "the key __proto__ is not allowed",
            at((key ?? map) as Node),
          ),
        );
        continue;
      }
      const one = convert(pair.value, depth + 1);
      weight += one.weight + name.length;
      if (!bounded(weight, key as Node)) return NOTHING;
      if (!written.has(name)) written.set(name, one.value);
      else {
        problems.push(problem(DUPLICATE_NAME, `'${name}' is written twice in one map`, at(key as Node)));
        duplicates += 1;
        // Of a section that is written twice, the second part and what it defines is left out.
        if (depth === 0) complete = false;
      }
    }
    return { value: Object.fromEntries([...merged, ...written]), weight };
  }

  function convertScalar(node: Node & { value: unknown; source?: string }): Converted {
    const value = node.value;
    if (typeof value === "string") return { value, weight: 1 + value.length };
    if (typeof value === "boolean" || value === null) return { value, weight: 1 };
    if (typeof value === "number" && Number.isFinite(value)) {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        problems.push(
          problem(
            YAML_SYNTAX,
            `the number ${node.source ?? value} is too large to be kept exactly; write it in quotes`,
            at(node),
          ),
        );
      }
      return { value, weight: 1 };
    }
    problems.push(problem(YAML_SYNTAX, `the value ${node.source ?? String(value)} has no meaning here`, at(node)));
    return NOTHING;
  }

  const { value } = convert(document.contents, 0);
  const readable = problems.length - before === duplicates;
  return { value, named, readable, complete: complete && readable };
}

/** Line and column (from 1) of an offset. */
export function placeAt(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

/** Whether a key is `<<`, written plainly. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** The text of a key; numbers and booleans as they are written. Undefined for what is not a scalar. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  return key.source ?? undefined;
}

function mergeInto(target: Map<string, Json>, base: Json): boolean {
  if (Array.isArray(base)) return base.every((one: Json) => !Array.isArray(one) && mergeInto(target, one));
  if (typeof base !== "object" || base === null) return false;
  // Of several maps the first one that has a key wins.
  for (const [key, value] of Object.entries(base)) if (!target.has(key)) target.set(key, value as Json);
  return true;
}
