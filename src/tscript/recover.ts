import { attempt } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import type { Finding } from "./build.ts";
import { SYNTAX, TOO_DEEP } from "./errors.ts";

/**
 * Goes on after a syntax error, so that one check reports every problem. The line that cannot be read is replaced by one that can and
 * has the same structure (`begin`, `if … then`, `else` …), and the text is read again. Which replacement is right cannot be known, so
 * several are tried, and the one after which most of the rest can be read wins: a mistake then never makes another one appear.
 */

/** A script with more mistakes than this is not a script. */
const MOST_FINDINGS = 30;

type Result = Extract<Attempt, { statements: unknown }>;

export interface Recovered {
  /** The statements of what could be read. */
  readonly result: Result;
  readonly syntax: readonly Finding[];
}

/** A line of the script as written, and what now stands for it. A text over several lines makes them one. */
interface Piece {
  readonly start: number;
  readonly written: string;
  text: string;
}

export function recover(text: string, first: Finding): Recovered {
  const pieces = split(text);
  const syntax: Finding[] = [];
  let finding = first;
  for (;;) {
    const original = located(pieces, finding);
    const unclosed = isAtEnd(pieces, finding.offset) ? unclosedBlock(pieces) : undefined;
    if (unclosed !== undefined) {
      syntax.push({ code: SYNTAX.code, message: 'this block has no "end"', offset: unclosed });
      break;
    }
    if (!syntax.some((known) => known.offset === original.offset)) syntax.push(original);
    if (syntax.length >= MOST_FINDINGS || finding.code === TOO_DEEP.code) break;
    const next = replaceLine(pieces, finding);
    if (next === undefined) break;
    if ("statements" in next) return { result: next, syntax };
    finding = next.finding;
  }
  return { result: attempt("") as Result, syntax };
}

/** Lines, where a line break inside a text does not count. A quote that is never closed ends with its line. */
function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  const token = /"[^"]*"|'[^']*'|#[^\n]*|\n|[^"'#\n]+|["']/g;
  let start = 0;
  for (const match of text.matchAll(token)) {
    if (match[0] !== "\n") continue;
    const end = match.index + 1;
    pieces.push({ start, written: text.slice(start, end), text: text.slice(start, end) });
    start = end;
  }
  pieces.push({ start, written: text.slice(start), text: text.slice(start) });
  return pieces;
}

function whole(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.text).join("");
}

function pieceAt(pieces: readonly Piece[], offset: number): { readonly index: number; readonly start: number } {
  let start = 0;
  for (const [index, piece] of pieces.entries()) {
    if (offset < start + piece.text.length || index === pieces.length - 1) return { index, start };
    start += piece.text.length;
  }
  return { index: 0, start: 0 };
}

/** A finding about the patched text, at its place in the text as written. */
function located(pieces: readonly Piece[], finding: Finding): Finding {
  const { index, start } = pieceAt(pieces, finding.offset);
  const piece = pieces[index]!;
  const within = piece.text === piece.written ? finding.offset - start : 0;
  const quote = /["']/.exec(piece.written)?.index;
  const brokenText = piece.written.trimEnd().includes("\n") && quote !== undefined && finding.offset - start > quote;
  if (brokenText) {
    const hint = "a text goes on to the next quote of its kind, over several lines: is one missing?";
    return { ...finding, hint, offset: piece.start + within };
  }
  return { ...finding, offset: piece.start + Math.min(within, piece.written.length) };
}

function isAtEnd(pieces: readonly Piece[], offset: number): boolean {
  return whole(pieces).slice(offset).trim() === "";
}

/** Text without quotes and comments, of the same length. */
function bare(text: string): string {
  return text.replace(/"[^"]*"|'[^']*'|#[^\n]*/g, (found) => found.replace(/[^\n]/g, " "));
}

/** The last `begin` that no `end` closes, as an offset in the text as written. */
function unclosedBlock(pieces: readonly Piece[]): number | undefined {
  const open: number[] = [];
  for (const piece of pieces) {
    const text = bare(piece.text).replace(/\.[A-Za-z0-9_]+|\bend\s*=/g, (found) => " ".repeat(found.length));
    for (const match of text.matchAll(/\bbegin\s*\(|\bend\b/g)) {
      if (match[0] === "end") open.pop();
      else open.push(piece.text === piece.written ? piece.start + match.index : piece.start);
    }
  }
  return open.at(-1);
}

/** Puts the best replacement in the place of the line that failed. Undefined when nothing helps. */
function replaceLine(pieces: Piece[], finding: Finding): Attempt | undefined {
  let { index } = pieceAt(pieces, finding.offset);
  while (index > 0 && pieces[index]!.text.trim() === "") index -= 1;
  const piece = pieces[index]!;
  const before = piece.text;
  let best: { text: string; outcome: Attempt; reach: number } | undefined;
  for (const candidate of candidates(piece, pieces[index + 1]?.text ?? "")) {
    if (candidate === before) continue;
    piece.text = candidate;
    const outcome = attempt(whole(pieces));
    const reach = "statements" in outcome ? Infinity : reachOf(pieces, outcome.finding.offset);
    if (best === undefined || reach > best.reach) best = { text: candidate, outcome, reach };
    if (reach === Infinity) break;
  }
  piece.text = best?.text ?? before;
  return best?.outcome;
}

/** How far a try came: the number of the line, which replacements do not move. */
function reachOf(pieces: readonly Piece[], offset: number): number {
  return pieceAt(pieces, offset).index;
}

/** What may stand for a line, likeliest first. */
function candidates(piece: Piece, following: string): readonly string[] {
  if (piece.text.trim() === "") return [];
  const line = bare(piece.written);
  const lines = "\n".repeat(piece.written.split("\n").length - 1);
  const leading = /^\s*((?:end\s+)*(?:else\s+)?)/.exec(line)![1]!.replace(/\s+/g, " ");
  const rest = line.slice(/^\s*(?:end\s+)*(?:else\s+)?/.exec(line)![0].length);
  const header = /^(if|elif|while)\b/.exec(rest)?.[1];
  const heads = header === undefined ? [""] : [`${header} True ${header === "while" ? "do" : "then"} `, ""];
  const opens = (rest.match(/\bbegin\b/g)?.length ?? 0) > (rest.match(/\bend\b/g)?.length ?? 0);
  const complete = /\b(then|do)\b/.test(rest);
  const bodyFollows = header !== undefined && !complete && /^\s*begin\b/.test(following);
  const bodies = opens ? ["begin()", "pass", ""] : bodyFollows ? ["", "pass"] : ["pass", "", "begin()"];
  const made = heads.flatMap((head) => bodies.map((body) => `${leading}${head}${body}${lines}`));
  return [...new Set([...made, lines])];
}
