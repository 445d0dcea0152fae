import { GantryError } from "../kernel/errors.ts";
import type { Problem } from "../kernel/errors.ts";
import { attempt } from "./attempt.ts";
import type { Finding } from "./build.ts";
import { LABEL_IN_BLOCK, SYNTAX, TOO_LARGE } from "./errors.ts";
import { MAX_SCRIPT_LENGTH } from "./model.ts";
import type { AnyNode, BlockNode, StatementNode } from "./model.ts";
import { lineTable } from "./places.ts";
import type { TreePlaces } from "./places.ts";
import { recover } from "./recover.ts";

/** Something wrong with a script. `subject` is the name it is about, where there is one. */
export interface ScriptProblem extends Problem {
  readonly where: { readonly file: string; readonly line: number; readonly column: number };
  readonly subject?: string;
}

export interface ParsedScript {
  /** Null when the text does not follow the grammar. */
  readonly ast: BlockNode | null;
  /** What makes the script invalid, sorted by place. */
  readonly problems: readonly ScriptProblem[];
  /** What is likely a mistake, but runs. */
  readonly doubts: readonly ScriptProblem[];
  /** The tree of what could be understood: `ast`, or what is left without the lines that have a syntax error. */
  readonly partial: BlockNode;
  readonly places: TreePlaces;
}

/** Reads a script. Never throws for what is in the text: all that is wrong is in `problems`. */
export function parse(text: string, { file }: { readonly file: string }): ParsedScript {
  const lines = lineTable(text);
  function problem(finding: Finding): ScriptProblem {
    const { offset, ...rest } = finding;
    return { ...rest, where: { file, ...lines.placeOf(offset) } };
  }
  const empty: BlockNode = { type: "block", options: {}, statements: [] };
  if (text.length > MAX_SCRIPT_LENGTH) {
    const message = `the script has ${text.length} characters; ${MAX_SCRIPT_LENGTH} are allowed`;
    const where = { of: () => lines.placeOf(0), ofName: () => lines.placeOf(0) };
    const problems = [problem({ code: TOO_LARGE.code, message, offset: 0 })];
    return { ast: null, problems, doubts: [], partial: empty, places: where };
  }
  const first = attempt(text);
  const { result, syntax } = "finding" in first ? recover(text, first.finding) : { result: first, syntax: [] };
  const { root: partial, written } = rootOf(result.statements);
  const outermost = written ? [] : partial.statements.filter((statement) => statement.type === "label");
  const inBlocks = [...labelsIn(partial)]
    .filter((label) => !(outermost as unknown[]).includes(label))
    .map((label): ScriptProblem => {
      const message = `the label "${label.name}" stands inside a block, a loop or a condition`;
      const where = { file, ...result.build.places.of(label) };
      return { code: LABEL_IN_BLOCK.code, message, where, subject: label.name };
    });
  const problems = [...[...syntax, ...result.build.findings()].map(problem), ...inBlocks].sort(byPlace);
  return {
    ast: syntax.length === 0 ? partial : null,
    problems,
    doubts: result.build.doubts().map(problem),
    partial,
    places: result.build.places,
  };
}

/** As `parse`, for a script that must be valid. Throws a GantryError that carries all problems. */
export function parseOrThrow(text: string, file: string): BlockNode {
  const { ast, problems } = parse(text, { file });
  const first = problems[0];
  if (ast !== null && first === undefined) return ast;
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  throw new GantryError(SYNTAX, `the script ${file} has ${count}`, {
    problems,
    ...(first === undefined ? {} : { where: first.where }),
  });
}

/** A script that is exactly one written block is that block; any other is a block around its statements. */
function rootOf(statements: readonly StatementNode[]): { readonly root: BlockNode; readonly written: boolean } {
  const only = statements.length === 1 ? statements[0] : undefined;
  if (only?.type !== "block") return { root: { type: "block", options: {}, statements }, written: false };
  // The root has no line: take it off the node itself, so that its place is still known.
  delete (only as { line?: number }).line;
  return { root: only, written: true };
}

type LabelNode = Extract<AnyNode, { type: "label" }>;

function* labelsIn(node: AnyNode): Generator<LabelNode> {
  if (node.type === "label") yield node;
  else if (node.type === "block") for (const statement of node.statements) yield* labelsIn(statement);
  else if (node.type === "while") yield* labelsIn(node.body);
  else if (node.type === "if") {
    for (const branch of node.branches) yield* labelsIn(branch.body);
    if (node.else !== null) yield* labelsIn(node.else);
  }
}

export function byPlace(a: ScriptProblem, b: ScriptProblem): number {
  return a.where.line - b.where.line || a.where.column - b.where.column || (a.code < b.code ? -1 : 1);
}
