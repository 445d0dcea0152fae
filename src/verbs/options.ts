import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { VERB_TEXT_WRONG } from "./errors.ts";

/**
 * The text form of verbs: options in front, then the text, which is kept exactly as typed. Pure.
 *
 * An option is `--name` (a flag), `--name value` or `--name=value`; a value with spaces stands in quotes. The options end at the first
 * word that is none, or behind `--`.
 */

/**
 * `flag`: no value. `value`: one. `values`: may be given several times. `word`: as `value`, but when another option follows at once it is
 * empty, and means the text behind all options. `text`: as `word`, but without quotes it is everything behind it.
 */
export type OptionKind = "flag" | "value" | "values" | "word" | "text";

export interface ParsedOptions {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly rest: string;
}

/** Options every verb has; the framework reads them (`common.ts`). */
export const COMMON_OPTIONS = {
  "run-once": "flag",
  "skip-cache": "flag",
  cache: "flag",
  timeout: "value",
  retry: "value",
  "retry-wait": "value",
  "stdout-arg": "value",
  "stderr-arg": "value",
  env: "values",
  user: "value",
  cwd: "value",
  sensitive: "flag",
} as const satisfies Record<string, OptionKind>;

/** Throws `verb_text_wrong`. */
export function parseOptions(verb: string, text: string, known: Readonly<Record<string, OptionKind>>): ParsedOptions {
  const all: Readonly<Record<string, OptionKind>> = { ...COMMON_OPTIONS, ...known };
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  let rest = text.trimStart();
  for (;;) {
    const match = /^--([A-Za-z0-9][A-Za-z0-9-]*)(=?)/.exec(rest);
    if (match === null) break;
    const [head, name = "", equals] = match;
    const kind = Object.hasOwn(all, name) ? all[name] : undefined;
    if (kind === undefined) throw unknownOption(verb, name, Object.keys(all));
    rest = rest.slice(head.length);
    if (kind === "flag") {
      if (equals === "=" || (rest !== "" && !/^\s/.test(rest))) throw wrong(verb, `--${name} takes no value`);
      flags.add(name);
    } else if ((kind === "word" || kind === "text") && equals === "" && /^\s+--/.test(rest)) {
      values.set(name, "");
    } else if (kind === "text" && equals === "" && /^\s+[^\s"']/.test(rest)) {
      values.set(name, rest.trim());
      rest = "";
    } else {
      const word = takeWord(equals === "=" ? rest : rest.trimStart());
      if (word === undefined || (equals !== "=" && !/^\s/.test(rest))) throw wrong(verb, `--${name} needs a value`);
      rest = word.rest;
      if (kind === "values") lists.set(name, [...(lists.get(name) ?? []), word.text]);
      else if (values.has(name)) throw wrong(verb, `--${name} is given twice`);
      else values.set(name, word.text);
    }
    rest = rest.trimStart();
  }
  if (/^--(\s|$)/.test(rest)) rest = rest.slice(2).trimStart();
  return { flags, values, lists, rest };
}

/** A value that is a whole number. Throws `verb_text_wrong`. */
export function countOption(verb: string, options: ParsedOptions, name: string): number | undefined {
  const text = options.values.get(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw wrong(verb, `--${name} ${text} is not a whole number`);
  return Number(text);
}

/** `NAME=VALUE` again and again, as a map. Throws `verb_text_wrong`. */
export function pairsOption(verb: string, options: ParsedOptions, name: string): Record<string, string> | undefined {
  const pairs = options.lists.get(name)?.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw wrong(verb, `--${name} ${pair} is not NAME=VALUE`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return pairs === undefined ? undefined : Object.fromEntries(pairs);
}

/** A value in seconds. Throws `verb_text_wrong`. */
export function secondsOption(verb: string, options: ParsedOptions, name: string): number | undefined {
  const text = options.values.get(name);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0)
    throw wrong(verb, `--${name} ${text} is not a number of seconds above 0`);
  return seconds;
}

/** The words of a text: separated by white space, quoted with '…' or "…", a backslash takes the next character as it is. */
export function splitWords(verb: string, text: string): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const word = takeWord(rest);
    if (word === undefined) throw wrong(verb, "a quote is not closed");
    words.push(word.text);
    rest = word.rest.trimStart();
  }
  return words;
}

/** The first word of a text, and what stands behind it and one space, as it is typed. */
export function takeFirst(text: string): { readonly text: string; readonly rest: string } | undefined {
  const word = takeWord(text.trimStart());
  return word === undefined ? undefined : { text: word.text, rest: word.rest.slice(1) };
}

/** The first word of a text; undefined when there is none or its quote does not end. */
function takeWord(text: string): { text: string; rest: string } | undefined {
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character === "\\" && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word += text[at];
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (text.startsWith("{{", at) && text.includes("}}", at)) {
      // A template is one word, whatever stands in it.
      const end = text.indexOf("}}", at) + 2;
      word += text.slice(at, end);
      at = end - 1;
    } else if (character === "'" || character === '"') quote = character;
    else if (/\s/.test(character)) return { text: word, rest: text.slice(at) };
    else word += character;
  }
  return text === "" || quote !== "" ? undefined : { text: word, rest: "" };
}

export function wrong(verb: string, what: string): GantryError {
  return new GantryError(VERB_TEXT_WRONG, `${verb}: ${what}`);
}

function unknownOption(verb: string, name: string, known: readonly string[]): GantryError {
  const close = nearest(name, known);
  const list = known.map((one) => `--${one}`).join(", ");
  return wrong(
    verb,
    `there is no option --${name}${close === undefined ? `; it has ${list}` : `; did you mean --${close}?`}`,
  );
}

/** Leaves out what is undefined. */
export function present<Value>(members: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
}
