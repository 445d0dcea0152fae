import { Composer, Lexer, Parser, type Document, type LineCounter } from "yaml";
import { problem, type Problem } from "../kernel/errors.ts";
import { placeAt } from "./convert.ts";
import { BUNDLE_TOO_LARGE, NESTED_TOO_DEEPLY } from "./errors.ts";

/** Brackets within brackets, and indicators on one line: deeper than this is an attack or a mistake. */
const FLOW_DEPTH = 100;

/** Columns before the first word of a line. */
const INDENTATION = 500;

/** A design of 5,000 structures has half a million. Each costs the parser about 500 bytes and 2 microseconds. */
const LEXEMES = 2_000_000;

/**
 * Parses a file of YAML. The parser of the library descends into nested text without a limit of its own and would take all memory, so its
 * three stages are driven here, one lexeme at a time, and stopped when the text nests too deeply or is too long.
 */
export function parseYaml(
  text: string,
  file: string,
  lines: LineCounter,
): { documents: Document[] } | { problem: Problem } {
  const parser = new Parser(lines.addNewLine);
  // Duplicate keys are found later: the composer's own search compares each key with all others.
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: "silent" });
  const documents: Document[] = [];
  const bounds = new Bounds();
  let offset = 0;
  try {
    lines.addNewLine(0);
    for (const lexeme of new Lexer().lex(text)) {
      const wrong = bounds.look(lexeme);
      if (wrong !== undefined) return { problem: problem(wrong.kind, wrong.message, placeAt(file, lines, offset)) };
      // The three marks of the lexer (document, scalar, end of flow) stand for no text.
      if (lexeme.length > 1 || lexeme > "\u001F" || lexeme === "\n" || lexeme === "\t" || lexeme === "\r")
        offset += lexeme.length;
      for (const token of parser.next(lexeme)) documents.push(...(composer.next(token) as Iterable<Document>));
    }
    for (const token of parser.end()) documents.push(...(composer.next(token) as Iterable<Document>));
    documents.push(...(composer.end() as Iterable<Document>));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problem: problem(NESTED_TOO_DEEPLY, "nested too deeply", { file, line: 1, column: 1 }) };
  }
  return { documents };
}

/** Counts what the lexer finds. */
class Bounds {
  #count = 0;
  #brackets = 0;
  #indicators = 0;
  #lineStart = true;

  look(lexeme: string): { kind: typeof NESTED_TOO_DEEPLY; message: string } | undefined {
    this.#count += 1;
    if (lexeme === "[" || lexeme === "{") this.#brackets += 1;
    else if (lexeme === "]" || lexeme === "}") this.#brackets -= 1;
    else if (lexeme === "\n") this.#indicators = 0;
    else if (this.#brackets === 0 && (lexeme === "-" || lexeme === "?" || lexeme === ":")) this.#indicators += 1;
    const deep = this.#brackets > FLOW_DEPTH || this.#indicators > FLOW_DEPTH;
    if (deep || (this.#lineStart && lexeme.length > INDENTATION && lexeme.trim() === "")) {
      return { kind: NESTED_TOO_DEEPLY, message: `nested more than ${FLOW_DEPTH} levels deep` };
    }
    this.#lineStart = lexeme === "\n";
    if (this.#count > LEXEMES)
      return { kind: BUNDLE_TOO_LARGE, message: "the file has more than two million words and signs" };
    return undefined;
  }
}
