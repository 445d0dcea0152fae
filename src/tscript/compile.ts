import { createHash } from "node:crypto";
import { ON_ARRAYS } from "./builtins.ts";
import type {
  AnyNode,
  BlockNode,
  ExpressionNode,
  IndexNode,
  InfixOperator,
  LiteralNode,
  VariableNode,
} from "./model.ts";
import type { CompiledScript } from "./program-model.ts";
import { float } from "./values.ts";
import type { Value } from "./values.ts";

/**
 * The tree of a script as a list of steps, in the order they are first entered. The number of a step is what a stored state refers to:
 * the same text always gives the same numbers. Steps that have parts name them by number.
 */
export type Step =
  | BlockStep
  | { readonly kind: "entry"; readonly line: number; readonly child: number }
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "nothing" }
  | { readonly kind: "variable"; readonly module: string | null; readonly name: string }
  /** A variable that is named, not read: entering it only makes sure that it is there. */
  | { readonly kind: "place"; readonly module: string | null; readonly name: string }
  /** `named`: gives the index instead of the element, for functions that change the element. */
  | {
      readonly kind: "index";
      readonly of: number;
      readonly module: string | null;
      readonly name: string;
      readonly index: number;
      readonly named: boolean;
    }
  | { readonly kind: "array"; readonly parts: readonly number[] }
  | { readonly kind: "map"; readonly names: readonly string[]; readonly parts: readonly number[] }
  | { readonly kind: "infix"; readonly op: InfixOperator; readonly left: number; readonly right: number }
  | { readonly kind: "not"; readonly child: number }
  | { readonly kind: "exists"; readonly module: string | null; readonly name: string; readonly index: number | null }
  | CallStep
  | {
      readonly kind: "assign";
      readonly module: string | null;
      readonly name: string;
      readonly index: number | null;
      readonly value: number;
    }
  | { readonly kind: "while"; readonly condition: number; readonly body: number }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly condition: number; readonly body: number }[];
      readonly otherwise: number | null;
    }
  | { readonly kind: "goto"; readonly label: string }
  | { readonly kind: "continue" | "break" };

export interface BlockStep {
  readonly kind: "block";
  readonly entries: readonly number[];
  readonly description: string | null;
  /** Milliseconds. */
  readonly expected: number | null;
  readonly maximum: number | null;
}

export interface CallStep {
  readonly kind: "call";
  readonly module: string | null;
  readonly name: string;
  readonly names: readonly string[];
  readonly parts: readonly number[];
}

export interface Compiled extends CompiledScript {
  /** The root block is number 0. */
  readonly steps: readonly Step[];
  /** Labels, with their position in the outermost list. */
  readonly labels: ReadonlyMap<string, number>;
}

export function compileTree(root: BlockNode, text: string, file: string): Compiled {
  const steps: Step[] = [];
  add(steps, root);
  const labels = new Map<string, number>();
  for (const [at, statement] of root.statements.entries()) {
    // Of two equal labels the first counts.
    if (statement.type === "label" && !labels.has(statement.name)) labels.set(statement.name, at);
  }
  const fingerprint = createHash("sha256").update(text).digest("hex").slice(0, 32);
  return { file, fingerprint, steps, labels };
}

const NOTHING: Step = { kind: "nothing" };

/** Puts a node and all below it into the list, and returns its number. */
function add(steps: Step[], node: AnyNode): number {
  const number = steps.push(NOTHING) - 1;
  steps[number] = stepOf(steps, node);
  return number;
}

function stepOf(steps: Step[], node: AnyNode): Step {
  switch (node.type) {
    case "block":
      return block(steps, node);
    case "integer":
    case "boolean":
    case "string":
      return { kind: "constant", value: node.value };
    case "float":
      return { kind: "constant", value: float(node.value) };
    case "none":
      return { kind: "constant", value: null };
    case "duration":
      return { kind: "constant", value: { $seconds: node.seconds } };
    case "variable":
      return { kind: "variable", module: node.module, name: node.name };
    case "index":
      return index(steps, node, false);
    case "array":
      return { kind: "array", parts: node.items.map((item) => add(steps, item)) };
    case "map":
      return { kind: "map", names: Object.keys(node.entries), parts: all(steps, node.entries) };
    case "infix":
      return { kind: "infix", op: node.op, left: add(steps, node.left), right: add(steps, node.right) };
    case "not":
      return { kind: "not", child: add(steps, node.value) };
    case "exists": {
      const { module, name } = variableOf(node.of);
      return { kind: "exists", module, name, index: node.of.type === "index" ? add(steps, node.of.index) : null };
    }
    case "call":
      return {
        kind: "call",
        module: node.module,
        name: node.name,
        names: Object.keys(node.args),
        parts: Object.entries(node.args).map(([name, arg]) => {
          const isPlace = node.module === null && name === "array" && ON_ARRAYS.has(node.name);
          return isPlace ? addPlace(steps, arg) : add(steps, arg);
        }),
      };
    case "assign": {
      const value = add(steps, node.value);
      const { module, name } = variableOf(node.target);
      return {
        kind: "assign",
        module,
        name,
        value,
        index: node.target.type === "index" ? add(steps, node.target.index) : null,
      };
    }
    case "while":
      return { kind: "while", condition: add(steps, node.condition), body: add(steps, node.body) };
    case "if":
      return {
        kind: "if",
        branches: node.branches.map(({ condition, body }) => ({
          condition: add(steps, condition),
          body: add(steps, body),
        })),
        otherwise: node.else === null ? null : add(steps, node.else),
      };
    case "goto":
      return { kind: "goto", label: node.label };
    case "continue":
    case "break":
      return { kind: node.type };
    case "label":
    case "pass":
      return NOTHING;
  }
}

function block(steps: Step[], node: BlockNode): BlockStep {
  const entries = node.statements.map((statement) => {
    const number = steps.push(NOTHING) - 1;
    steps[number] = { kind: "entry", line: statement.line, child: add(steps, statement) };
    return number;
  });
  const { description, expected_time: expected, max_time: maximum } = node.options;
  return {
    kind: "block",
    entries,
    description: description?.type === "string" ? description.value : null,
    expected: millisecondsOf(expected),
    maximum: millisecondsOf(maximum),
  };
}

/** Options that are no time count as absent; the check reports them. */
function millisecondsOf(literal: LiteralNode | undefined): number | null {
  if (literal?.type === "duration") return literal.seconds * 1000;
  return literal?.type === "integer" ? literal.value * 1000 : null;
}

function index(steps: Step[], node: IndexNode, named: boolean): Step {
  const { module, name } = node.of;
  const of = steps.push({ kind: "place", module, name }) - 1;
  return { kind: "index", of, module, name, index: add(steps, node.index), named };
}

/** An argument that is changed: a variable of the script or an element of one is named, anything else is a value. */
function addPlace(steps: Step[], node: ExpressionNode): number {
  if (node.type === "variable" && node.module === null)
    return steps.push({ kind: "place", module: null, name: node.name }) - 1;
  if (node.type !== "index" || node.of.module !== null) return add(steps, node);
  const number = steps.push(NOTHING) - 1;
  steps[number] = index(steps, node, true);
  return number;
}

function variableOf(node: VariableNode | IndexNode): VariableNode {
  return node.type === "index" ? node.of : node;
}

function all(steps: Step[], nodes: Readonly<Record<string, ExpressionNode>>): readonly number[] {
  return Object.values(nodes).map((node) => add(steps, node));
}
