/**
 * Makes strict what the engine lets pass. The engine refuses to print, to test, or to walk an undefined value, but hands it to
 * filters, `~`, `==` and lists without a word. So every name and path that is read is guarded, unless the template itself asks
 * whether it is there (`is defined`, `default`): `x` becomes `(x if x is defined else REPORT(0))`, where REPORT notes the name.
 */
import type { Edit, Tag, Token } from "./tokens.ts";
import { withoutIdioms } from "./idioms.ts";
import { edited, tagsOf } from "./tokens.ts";

/** The function a guarded template calls with the number of a missing name. */
export const REPORT = "__gantry_missing";

interface GuardedName {
  /** As written: `disk.size`. */
  readonly path: string;
  /** Offset into the original template. */
  readonly offset: number;
}

export interface Guarded {
  readonly text: string;
  readonly names: readonly GuardedName[];
}

const KEYWORDS = new Set(
  "and or not in is if else true false none True False None recursive ignore missing with without context import as".split(
    " ",
  ),
);
/** A guard repeats the path, so a path that repeats others or is very long is left to the engine. */
const LONGEST_PATH = 200;

/** Guards every read of a name. `known` are names that certainly have a value; read alone, they need no guard. */
export function guardNames(template: string, known: ReadonlySet<string>): Guarded {
  const names: GuardedName[] = [];
  const edits: Edit[] = [];
  for (const tag of tagsOf(template)) {
    edits.push(...defaultChains(template, tag.tokens));
    for (const path of pathsIn(tag)) {
      const text = template.slice(path.start, path.end);
      if (!path.simple || path.tested || known.has(text)) continue;
      if (text.length > LONGEST_PATH || text.includes("\n")) continue;
      edits.push({ ...path, text: `(${text} if ${text} is defined else ${REPORT}(${names.length}))` });
      names.push({ path: text, offset: path.start });
    }
  }
  return { text: edited(template, edits), names };
}

/** What the engine does otherwise than the dialect where nothing is an error: a missing name is `""` to `tojson`, not `null`; and
 * what it does not know (`idioms.ts`). */
export function relax(written: string): string {
  const template = withoutIdioms(written);
  const edits: Edit[] = [];
  for (const { tokens } of tagsOf(template)) {
    edits.push(...defaultChains(template, tokens));
    for (const [index, { text, start }] of tokens.entries()) {
      if (text === "tojson" && tokens[index - 1]?.text === "|") edits.push({ start, end: start, text: 'default("")|' });
    }
  }
  return edited(template, edits);
}

/**
 * `a | default(b) | default(c)`: where `b` is missing too, the dialect goes on to `c`; the engine makes it an empty text. So `b`
 * becomes `(b if b is defined else (c))`.
 */
function defaultChains(template: string, tokens: readonly Token[]): Edit[] {
  const edits: Edit[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const chain = defaultArguments(tokens, index);
    let rest: string | undefined;
    for (const { open, close } of chain.toReversed()) {
      const start = tokens[open]?.end ?? 0;
      const end = tokens[close]?.start ?? start;
      const written = template.slice(start, end).trim();
      if (rest !== undefined && isPath(tokens, open + 1, close)) {
        rest = `(${written} if ${written} is defined else ${rest})`;
        edits.push({ start, end, text: rest });
      } else rest = written === "" ? '""' : `(${written})`;
    }
    index = chain.at(-1)?.close ?? index;
  }
  return edits;
}

/** The argument lists of the filters `default` that follow each other from here. */
function defaultArguments(tokens: readonly Token[], from: number): { open: number; close: number }[] {
  const found: { open: number; close: number }[] = [];
  let at = from;
  while (tokens[at]?.text === "|" && isDefault(tokens[at + 1]) && tokens[at + 2]?.text === "(") {
    const close = closingOf(tokens, at + 2);
    if (tokens[close] === undefined) break;
    found.push({ open: at + 2, close });
    at = close + 1;
  }
  return found;
}

function isPath(tokens: readonly Token[], from: number, to: number): boolean {
  if (from >= to || !isRead(tokens, from)) return false;
  const { path, next } = readPath(tokens, from);
  return path.simple && next === to && path.end - path.start <= LONGEST_PATH;
}

/** The first parts of every path that is read. */
export function rootNames(template: string): Set<string> {
  return new Set(tagsOf(template).flatMap((tag) => pathsIn(tag).map((path) => path.root)));
}

interface Path {
  readonly root: string;
  readonly start: number;
  readonly end: number;
  /** Names and literal members only: safe to write twice. */
  readonly simple: boolean;
  /** The template itself asks whether it is there. */
  readonly tested: boolean;
}

function pathsIn(tag: Tag): Path[] {
  const { tokens } = tag;
  const from = tag.kind === "expression" ? 0 : firstExpression(tokens);
  return from === undefined ? [] : paths(tokens, from, tokens.length);
}

/** Where the part of a statement begins that reads names; undefined when none does. */
function firstExpression(tokens: readonly Token[]): number | undefined {
  const word = tokens.findIndex((token) => token.type === "name");
  switch (tokens[word]?.text) {
    case "if":
    case "elif":
    case "with":
    case "do":
      return word + 1;
    case "for":
      return behind(tokens, "in");
    case "set":
      return behind(tokens, "=");
    case "call":
      return tokens[word + 1]?.text === "(" ? closingOf(tokens, word + 1) + 1 : word + 1;
    default:
      return undefined;
  }
}

function behind(tokens: readonly Token[], sign: string): number | undefined {
  const at = tokens.findIndex((token) => token.type !== "text" && token.text === sign);
  return at < 0 ? undefined : at + 1;
}

function paths(tokens: readonly Token[], from: number, to: number): Path[] {
  const found: Path[] = [];
  let index = from;
  while (index < to) {
    const token = tokens[index];
    if (token !== undefined && isRead(tokens, index)) {
      const path = readPath(tokens, index);
      found.push(path.path, ...path.inner);
      index = path.next;
    } else index = defaultsEnd(tokens, index) ?? index + 1;
  }
  return found;
}

/** In `a | default(b) | default(c)` nothing is wrong with a `b` that is missing: behind such an argument list, or undefined. */
function defaultsEnd(tokens: readonly Token[], index: number): number | undefined {
  if (tokens[index]?.text !== "|" || !isDefault(tokens[index + 1]) || tokens[index + 2]?.text !== "(") return undefined;
  const next = closingOf(tokens, index + 2) + 1;
  return isTested(tokens, next) ? next : undefined;
}

function isDefault(token: Token | undefined): boolean {
  return token?.text === "default" || token?.text === "d";
}

/** Whether a variable is read here: no keyword, filter, test, member, or name that is set (`name=`). */
function isRead(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.type !== "name" || KEYWORDS.has(token.text) || tokens[index + 1]?.text === "=") return false;
  const before = tokens[index - 1]?.text;
  if (before === "|" || before === "." || before === "is") return false;
  return !(before === "not" && tokens[index - 2]?.text === "is");
}

/** A name with its members, subscripts and calls; and the paths read inside of those. */
function readPath(tokens: readonly Token[], first: number): { path: Path; inner: Path[]; next: number } {
  const inner: Path[] = [];
  let simple = true;
  let next = first + 1;
  for (;;) {
    const sign = tokens[next]?.text;
    if (sign === "." && tokens[next + 1] !== undefined) next += 2;
    else if (sign === "[" || sign === "(") {
      const close = closingOf(tokens, next);
      simple &&= sign === "[" && close === next + 2 && tokens[next + 1]?.type !== "sign";
      if (!simple) inner.push(...paths(tokens, next + 1, close));
      next = close + 1;
    } else break;
  }
  const start = tokens[first]?.start ?? 0;
  const end = tokens[Math.min(next, tokens.length) - 1]?.end ?? start;
  return { path: { root: tokens[first]?.text ?? "", start, end, simple, tested: isTested(tokens, next) }, inner, next };
}

function isTested(tokens: readonly Token[], next: number): boolean {
  let at = next;
  while (tokens[at]?.text === ")") at += 1;
  if (tokens[at]?.text === "|") return isDefault(tokens[at + 1]);
  const test = tokens[at + 1]?.text === "not" ? tokens[at + 2] : tokens[at + 1];
  return tokens[at]?.text === "is" && (test?.text === "defined" || test?.text === "undefined");
}

/** The index of the bracket that closes the one at `open`; the end when none does. */
function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index += 1) {
    const { type, text } = tokens[index] ?? {};
    if (type !== "sign" || text === undefined) continue;
    if ("([{".includes(text)) depth += 1;
    else if (")]}".includes(text)) depth -= 1;
    if (depth === 0) return index;
  }
  return tokens.length;
}
