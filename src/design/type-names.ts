import { placeInOrigin, type Origin } from "../blueprints/index.ts";
import { problem, type Problem } from "../kernel/errors.ts";
import { parse } from "../tscript/index.ts";
import { BLUEPRINT_REWRITTEN } from "./errors.ts";

/** Types of foundations as Contractor calls them, and as they are called here. Pure. */

const TYPES: Readonly<Record<string, string>> = {
  Docker: "docker",
  DockerComplex: "docker",
  IPMI: "ipmi",
  RedFish: "redfish",
  LXC: "lxc",
  // What a complex offers is of the same type here as what stands alone.
  Manual: "manual",
  ManualComplex: "manual",
  Test: "test",
  TestComplex: "test",
};

/** Our name of a type, or the name as it is: somebody's worker may bring it. */
export function typeNameHere(type: string): string {
  return Object.hasOwn(TYPES, type) ? (TYPES[type] ?? type) : type;
}

/** The script with our names where it compares `foundation.type` with a text, and what was so changed; nothing else changes. */
export function withTypeNames(text: string, origin: Origin): { text: string; notes: readonly Problem[] } {
  if (!text.includes("foundation.type")) return { text, notes: [] };
  const { partial, places } = parse(text, { file: origin.file });
  const found = comparisons(partial)
    .map((literal) => ({ type: literal.value, at: places.of(literal) }))
    .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const lines = text.split("\n");
  const notes: Problem[] = [];
  // From the right, so that what stands before keeps its place.
  for (const { type, at } of found.toReversed()) {
    const name = typeNameHere(type);
    const line = lines[at.line - 1] ?? "";
    const start = at.column - 1;
    if (name === type || line.slice(start + 1, start + 1 + type.length) !== type) continue;
    lines[at.line - 1] = line.slice(0, start + 1) + name + line.slice(start + 1 + type.length);
    const message = `the foundation type '${type}' is called '${name}' here: the comparison says so now`;
    notes.unshift(problem(BLUEPRINT_REWRITTEN, message, placeInOrigin(origin, at.line, at.column)));
  }
  return { text: lines.join("\n"), notes };
}

interface TextLiteral {
  readonly type: "string";
  readonly value: string;
}

interface AnyPart {
  readonly type?: unknown;
  readonly op?: unknown;
  readonly left?: AnyPart;
  readonly right?: AnyPart;
  readonly module?: unknown;
  readonly name?: unknown;
  readonly value?: unknown;
}

/** Texts that `foundation.type` is compared with, wherever that stands: the tree is plain data of bounded depth. */
function comparisons(root: object): readonly TextLiteral[] {
  const found: TextLiteral[] = [];
  function visit(node: unknown): void {
    if (typeof node !== "object" || node === null) return;
    const { type, op, left, right } = node as AnyPart;
    if (type === "infix" && (op === "==" || op === "!=")) {
      for (const [one, other] of [
        [left, right],
        [right, left],
      ])
        if (isType(one) && isText(other)) found.push(other);
    }
    for (const inner of Object.values(node)) visit(inner);
  }
  visit(root);
  return found;
}

function isType(node: AnyPart | undefined): boolean {
  return node?.type === "variable" && node.module === "foundation" && node.name === "type";
}

function isText(node: AnyPart | undefined): node is TextLiteral {
  return node?.type === "string" && typeof node.value === "string";
}
