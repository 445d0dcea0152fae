import type { Json } from "../kernel/json.ts";

/**
 * JSON members of rows are kept as text and parsed when somebody asks. What was asked for lately is kept, so that asking again costs
 * nothing and gives the same object; the rest costs its text alone. An inventory of 100,000 structures thus fits into memory, whatever
 * its variables are.
 */

/** Characters of text whose values are kept, in each of two generations. */
const MOST_CHARACTERS = 4_000_000;

let young = new Map<string, Json>();
let old = new Map<string, Json>();
let characters = 0;

/** The value of a JSON text, which nobody may change: others have it too. */
export function parsed(text: string): Json {
  const known = young.get(text);
  if (known !== undefined) return known;
  const value = old.get(text) ?? (JSON.parse(text) as Json);
  characters += text.length + 16;
  if (characters > MOST_CHARACTERS) {
    old = young;
    young = new Map();
    characters = text.length;
  }
  young.set(text, value);
  return value;
}

const MOST_TEXTS = 50_000;
const LONGEST_TEXT = 40;
let texts = new Map<string, string>();

/** The same text as one object: names of sites, blueprints and the like stand in every row. */
export function shared(text: string): string {
  if (text.length > LONGEST_TEXT) return text;
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= MOST_TEXTS) texts = new Map();
  texts.set(text, text);
  return text;
}
