import { Composer, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, type Document, type Node } from "yaml";
import type { Place } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import { IMPORT_SYNTAX, IMPORT_TOO_DEEP, IMPORT_TOO_LARGE } from "./errors.ts";
import { DEEPEST, isShallow, refused } from "./import-text.ts";

/** YAML from elsewhere, bounded: the library descends without a limit of its own and repeats what aliases name. Pure. */

/** Words and signs: each costs the parser about 500 bytes. */
const LEXEMES = 2_000_000;

/** Columns before the first word of a line. */
const INDENTATION = 500;

/** Nodes that aliases may repeat. */
const ALIASES = 1000;

export interface YamlText {
  readonly value: Json;
  /** Where a path of keys and indexes stands. */
  place(path: readonly (string | number)[]): Place;
}

/** One document. @throws GantryError `import_invalid` with `import_syntax`, `import_too_deep` or `import_too_large` at its place */
export function parseYamlText(text: string, file: string): YamlText {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [document, second] = documentsOf(text, file, lines, at);
  if (second !== undefined) throw refused(IMPORT_SYNTAX, "there is more than one document", at(second.range[0]));
  const [wrong] = document?.errors ?? [];
  if (wrong !== undefined) throw refused(IMPORT_SYNTAX, wrong.message, at(wrong.pos[0]));
  let value: unknown;
  try {
    value = document?.toJS({ maxAliasCount: ALIASES }) ?? null;
  } catch (error) {
    if (!(error instanceof ReferenceError) && !(error instanceof RangeError)) throw error;
    throw refused(IMPORT_TOO_DEEP, "its aliases expand without bound", at(0));
  }
  if (!isShallow(value as Json)) throw refused(IMPORT_TOO_DEEP, `nested more than ${DEEPEST} levels deep`, at(0));
  return {
    // Dates and other things that are no JSON become texts.
    value: JSON.parse(JSON.stringify(value)) as Json,
    place: (path) => at(offsetOf(document?.contents ?? null, path)),
  };
}

function documentsOf(text: string, file: string, lines: LineCounter, at: (offset: number) => Place): Document.Parsed[] {
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const documents: Document.Parsed[] = [];
  let count = 0;
  let depth = 0;
  let indicators = 0;
  let lineStart = true;
  let offset = 0;
  try {
    lines.addNewLine(0);
    for (const lexeme of new Lexer().lex(text)) {
      count += 1;
      if (lexeme === "[" || lexeme === "{") depth += 1;
      else if (lexeme === "]" || lexeme === "}") depth -= 1;
      else if (lexeme === "\n") indicators = 0;
      else if (depth === 0 && (lexeme === "-" || lexeme === "?" || lexeme === ":")) indicators += 1;
      const indented = lineStart && lexeme.length > INDENTATION && lexeme.trim() === "";
      if (depth > DEEPEST || indicators > DEEPEST || indented)
        throw refused(IMPORT_TOO_DEEP, `nested more than ${DEEPEST} levels deep`, at(offset));
      if (count > LEXEMES) throw refused(IMPORT_TOO_LARGE, `more than ${LEXEMES} words and signs`, at(offset));
      lineStart = lexeme === "\n";
      // The marks of the lexer (document, scalar, end of flow) stand for no text.
      if (lexeme.length > 1 || lexeme > "\u001F" || lexeme === "\n" || lexeme === "\t" || lexeme === "\r")
        offset += lexeme.length;
      for (const token of parser.next(lexeme)) documents.push(...(composer.next(token) as Iterable<Document.Parsed>));
    }
    for (const token of parser.end()) documents.push(...(composer.next(token) as Iterable<Document.Parsed>));
    documents.push(...(composer.end() as Iterable<Document.Parsed>));
    return documents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refused(IMPORT_TOO_DEEP, "nested too deeply", { file, line: 1, column: 1 });
  }
}

function offsetOf(root: Node | null, path: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isSeq(node)) node = node.items[Number(part)];
    else if (isMap(node)) {
      const pair = node.items.find((one) => isPair(one) && isScalar(one.key) && String(one.key.value) === String(part));
      const key = pair?.key;
      if (isScalar(key)) offset = key.range?.[0] ?? offset;
      node = pair?.value;
      continue;
    } else return offset;
    offset = (node as Node | undefined)?.range?.[0] ?? offset;
  }
  return offset;
}

/** A map, or an empty one where there is nothing. */
export function isEmptyOrMap(value: Json | undefined): boolean {
  return value === undefined || value === null || isJsonObject(value);
}
