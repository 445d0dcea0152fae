/** Enough of Jinja's lexis to find names in a template. What does not parse is left to the engine, which says so. */

export interface Token {
  readonly type: "name" | "text" | "number" | "sign";
  readonly text: string;
  /** Offsets into the template. */
  readonly start: number;
  readonly end: number;
}

export interface Tag {
  readonly kind: "expression" | "statement";
  readonly tokens: readonly Token[];
}

/** Whether rendering could change the text at all. */
export function hasTag(text: string): boolean {
  return /\{[{%#]/.test(text);
}

/** The tags of a template, comments and raw parts left out. An unfinished tag ends the list. */
export function tagsOf(template: string): Tag[] {
  const tags: Tag[] = [];
  const opening = /\{([{%#])/g;
  for (let found = opening.exec(template); found !== null; found = opening.exec(template)) {
    const rest = found[1] === "#" ? /#\}/g : found[1] === "%" ? /\{%[-+]?\s*raw\s*[-+]?%\}/y : undefined;
    if (rest !== undefined) {
      rest.lastIndex = found[1] === "#" ? opening.lastIndex : found.index;
      const skipped = skip(template, rest, found[1] === "%");
      if (skipped === undefined) return tags;
      if (skipped > found.index) {
        opening.lastIndex = skipped;
        continue;
      }
    }
    const kind = found[1] === "{" ? "expression" : "statement";
    const { tokens, end } = tokenize(template, opening.lastIndex, kind === "expression" ? "}}" : "%}");
    if (end === undefined) return tags;
    tags.push({ kind, tokens });
    opening.lastIndex = end;
  }
  return tags;
}

/** Behind the comment or raw part that begins here; where it began when it is none; undefined when it does not end. */
function skip(template: string, pattern: RegExp, raw: boolean): number | undefined {
  const from = pattern.lastIndex;
  if (!pattern.test(template)) return raw ? from : undefined;
  if (!raw) return pattern.lastIndex;
  const closing = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
  closing.lastIndex = pattern.lastIndex;
  return closing.test(template) ? closing.lastIndex : undefined;
}

const TOKEN =
  /\s*(?:([\p{ID_Start}_][\p{ID_Continue}]*)|("(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')|([0-9][0-9a-zA-Z_]*(?:\.[0-9]+)?)|(\*\*|\/\/|==|!=|<=|>=|[^]))/uy;

function tokenize(template: string, from: number, close: string): { tokens: Token[]; end?: number } {
  const tokens: Token[] = [];
  let braces = 0;
  TOKEN.lastIndex = from;
  for (let found = TOKEN.exec(template); found !== null; found = TOKEN.exec(template)) {
    const [, name, text, number, sign = ""] = found;
    const value = name ?? text ?? number ?? sign;
    const end = TOKEN.lastIndex;
    const start = end - value.length;
    if (braces === 0 && template.startsWith(close, start)) return { tokens, end: start + close.length };
    if (sign === "{") braces += 1;
    else if (sign === "}") braces -= 1;
    const type = name !== undefined ? "name" : text !== undefined ? "text" : number !== undefined ? "number" : "sign";
    tokens.push({ type, text: value, start, end });
  }
  return { tokens };
}

/** A part of a template that is replaced. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The template with parts replaced that do not overlap. */
export function edited(template: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const one of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(template.slice(at, one.start), one.text);
    at = one.end;
  }
  return parts.join("") + template.slice(at);
}
