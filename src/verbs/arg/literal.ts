import type { Json } from "../../kernel/json.ts";

/**
 * What a typed value is: a list, a mapping, a number, True, False, None or a quoted text as Python writes them, and the same as JSON writes
 * them; everything else is plain text. A number that would not look the same again (`1.10`, `007`) stays a text, so that what is typed
 * arrives. The rule of Directord's ARG. Pure.
 */
export function literal(text: string): Json {
  if (isNumber(text)) return Number(text);
  const word = WORDS.get(text);
  if (word !== undefined && /^[A-Z]/.test(text)) return word;
  if (!/^[[{("']/.test(text)) return text;
  const read = value({ text, at: 0 });
  return read === undefined || text.slice(read.at).trim() !== "" ? text : read.value;
}

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["True", true],
  ["False", false],
  ["None", null],
  ["true", true],
  ["false", false],
  ["null", null],
]);

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text;
}

interface Reading {
  readonly text: string;
  readonly at: number;
}

interface Read extends Reading {
  readonly value: Json;
}

/** Levels of lists in lists: nobody types more. */
const DEEPEST = 50;

/** Undefined when there is no value here. */
function value(here: Reading, depth = 0): Read | undefined {
  if (depth > DEEPEST) return undefined;
  const start = skipped(here);
  const first = start.text[start.at];
  if (first === "'" || first === '"') return quoted(start);
  if (first === "[" || first === "(") return list(start, first === "[" ? "]" : ")", depth);
  if (first === "{") return mapping(start, depth);
  const [word] = /^[^\s,:\]})]+/.exec(start.text.slice(start.at)) ?? [];
  if (word === undefined) return undefined;
  const end = { text: start.text, at: start.at + word.length };
  const known = WORDS.get(word);
  if (known !== undefined) return { ...end, value: known };
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(word) ? { ...end, value: Number(word) } : undefined;
}

function skipped({ text, at }: Reading): Reading {
  let next = at;
  while (/\s/.test(text[next] ?? "")) next += 1;
  return { text, at: next };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "0": "\0" };

function quoted({ text, at }: Reading): Read | undefined {
  const quote = text[at];
  let word = "";
  for (let next = at + 1; next < text.length; next += 1) {
    const character = text[next] as string;
    if (character === quote) return { text, at: next + 1, value: word };
    if (character !== "\\") {
      word += character;
      continue;
    }
    next += 1;
    const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(text.slice(next));
    if (code === null) word += ESCAPES[text[next] ?? ""] ?? text[next] ?? "";
    else {
      word += String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? "", 16));
      next += code[0].length - 1;
    }
  }
  return undefined;
}

/** Members between commas, until the closing bracket; a comma may stand behind the last. */
function list(start: Reading, close: string, depth: number): Read | undefined {
  const members: Json[] = [];
  let here = skipped({ text: start.text, at: start.at + 1 });
  while (here.text[here.at] !== close) {
    const member = value(here, depth + 1);
    if (member === undefined) return undefined;
    members.push(member.value);
    const behind = separator(member, close);
    if (behind === undefined) return undefined;
    here = behind;
  }
  return { text: here.text, at: here.at + 1, value: members };
}

function mapping(start: Reading, depth: number): Read | undefined {
  const members: [string, Json][] = [];
  let here = skipped({ text: start.text, at: start.at + 1 });
  while (here.text[here.at] !== "}") {
    const key = value(here, depth + 1);
    if (key === undefined || (typeof key.value !== "string" && typeof key.value !== "number")) return undefined;
    const colon = skipped(key);
    if (colon.text[colon.at] !== ":") return undefined;
    const member = value({ text: colon.text, at: colon.at + 1 }, depth + 1);
    if (member === undefined) return undefined;
    members.push([String(key.value), member.value]);
    const behind = separator(member, "}");
    if (behind === undefined) return undefined;
    here = behind;
  }
  return { text: here.text, at: here.at + 1, value: Object.fromEntries(members) };
}

/** Where the next member stands, or the closing bracket; undefined when there is neither. */
function separator(after: Reading, close: string): Reading | undefined {
  const here = skipped(after);
  if (here.text[here.at] === close) return here;
  return here.text[here.at] === "," ? skipped({ text: here.text, at: here.at + 1 }) : undefined;
}
