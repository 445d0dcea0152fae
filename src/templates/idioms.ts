/**
 * Two habits of those who write Jinja that the engine does not know: an index behind a dot (`servers.0`), and a list that is changed in
 * place to count or gather across loops (`{% set _ = seen.append(x) %}`, `seen.pop()`). Both are put into words that it knows. Pure.
 */
import { edited, tagsOf, type Edit, type Tag, type Token } from "./tokens.ts";

/** The template with both habits rewritten; what has neither stays as it is. */
export function withoutIdioms(template: string): string {
  return withoutChangedLists(withSubscripts(template));
}

/** `servers.0.name` becomes `servers[0].name`. */
function withSubscripts(template: string): string {
  const edits: Edit[] = [];
  for (const { tokens } of tagsOf(template))
    for (const [index, dot] of tokens.entries()) {
      const number = tokens[index + 1];
      if (dot.text !== "." || dot.type !== "sign" || number?.type !== "number") continue;
      // `a.0.1` is read as a dot and the number 0.1.
      const numbers = number.text.split(".");
      if (numbers.every((one) => /^\d+$/.test(one)))
        edits.push({ start: dot.start, end: number.end, text: numbers.map((one) => `[${one}]`).join("") });
    }
  return edited(template, edits);
}

/** Lists of the template's own that it appends to. The engine's lists never change, but the members of a namespace may be set anew. */
function withoutChangedLists(template: string): string {
  const tags = tagsOf(template);
  const changed = new Set(tags.flatMap(({ tokens }) => changeOf(tokens)?.list ?? []));
  const lists = new Set(tags.flatMap(({ tokens }) => (changed.has(setName(tokens) ?? "") ? [tokens[1]!.text] : [])));
  if (lists.size === 0) return template;
  return edited(
    template,
    tags.flatMap((tag) => tagEdits(template, tag, lists)),
  );
}

function tagEdits(template: string, { tokens }: Tag, lists: ReadonlySet<string>): readonly Edit[] {
  const change = changeOf(tokens);
  const first = tokens[0];
  const last = tokens.at(-1);
  if (change !== undefined && first !== undefined && last !== undefined && lists.has(change.list)) {
    const list = `${change.list}.list`;
    const argument = reads(template, change.argument, lists).replaceAll(
      new RegExp(`${change.list}\\.list\\s*\\.\\s*pop\\s*\\(\\s*\\)`, "g"),
      `${list}[-1]`,
    );
    const shorter = change.pops ? `${list}[:-1]` : list;
    return [{ start: first.start, end: last.end, text: `set ${list} = ${shorter} + [${argument}]` }];
  }
  const name = setName(tokens);
  const isList = name !== undefined && lists.has(name);
  const edits = tokens.slice(isList ? 3 : 0).flatMap((token, index, all) => {
    const isMember = all[index - 1]?.text === "." || all[index + 1]?.text === "=";
    return token.type === "name" && lists.has(token.text) && !isMember
      ? [{ start: token.end, end: token.end, text: ".list" }]
      : [];
  });
  const from = tokens[3];
  if (!isList || from === undefined || last === undefined) return edits;
  return [
    { start: from.start, end: from.start, text: "namespace(list=" },
    ...edits,
    { start: last.end, end: last.end, text: ")" },
  ];
}

/** The name of `set NAME = …`. */
function setName([word, name, sign]: readonly Token[]): string | undefined {
  return word?.text === "set" && name?.type === "name" && sign?.text === "=" ? name.text : undefined;
}

interface Change {
  readonly list: string;
  /** What is appended, as tokens. */
  readonly argument: readonly Token[];
  /** The last one is taken off first: `list.append(list.pop() + 1)`. */
  readonly pops: boolean;
}

/** `set _ = LIST.append(…)` or `do LIST.append(…)`. */
function changeOf(tokens: readonly Token[]): Change | undefined {
  const from = setName(tokens) === undefined ? (tokens[0]?.text === "do" ? 1 : undefined) : 3;
  if (from === undefined) return undefined;
  const [list, dot, append, open] = tokens.slice(from);
  if (list?.type !== "name" || dot?.text !== "." || append?.text !== "append" || open?.text !== "(") return undefined;
  if (tokens.at(-1)?.text !== ")") return undefined;
  const argument = tokens.slice(from + 4, -1);
  const pops = argument.some(
    ({ text }, index) => text === list.text && argument[index + 1]?.text === "." && argument[index + 2]?.text === "pop",
  );
  return { list: list.text, argument, pops };
}

/** An expression with its lists read from their namespaces. */
function reads(template: string, tokens: readonly Token[], lists: ReadonlySet<string>): string {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined) return "";
  const text = template.slice(first.start, last.end);
  const edits = tokens.flatMap((token, index) =>
    token.type === "name" && lists.has(token.text) && tokens[index - 1]?.text !== "."
      ? [{ start: token.end - first.start, end: token.end - first.start, text: ".list" }]
      : [],
  );
  return edited(text, edits);
}
