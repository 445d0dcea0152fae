/**
 * The tree of a script: the node types of the conformance data. Every node is plain JSON. Places in the text live beside the tree
 * (see `parse.ts`), so that two scripts that mean the same have equal trees.
 */

export type InfixOperator =
  | "."
  | "^"
  | "*"
  | "/"
  | "%"
  | "+"
  | "-"
  | "&"
  | "|"
  | "and"
  | "or"
  | "=="
  | "!="
  | "<="
  | ">="
  | ">"
  | "<";

export type LiteralNode =
  | { readonly type: "integer" | "float"; readonly value: number }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "none" }
  | { readonly type: "duration"; readonly seconds: number };

export interface VariableNode {
  readonly type: "variable";
  readonly module: string | null;
  readonly name: string;
}

export interface IndexNode {
  readonly type: "index";
  readonly of: VariableNode;
  readonly index: ExpressionNode;
}

export interface CallNode {
  readonly type: "call";
  readonly module: string | null;
  readonly name: string;
  readonly args: Readonly<Record<string, ExpressionNode>>;
}

export type ExpressionNode =
  | LiteralNode
  | VariableNode
  | IndexNode
  | CallNode
  | { readonly type: "array"; readonly items: readonly ExpressionNode[] }
  | { readonly type: "map"; readonly entries: Readonly<Record<string, ExpressionNode>> }
  | {
      readonly type: "infix";
      readonly op: InfixOperator;
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
    }
  | { readonly type: "not"; readonly value: ExpressionNode }
  | { readonly type: "exists"; readonly of: VariableNode | IndexNode };

export interface BlockNode {
  readonly type: "block";
  readonly options: Readonly<Record<string, LiteralNode>>;
  readonly statements: readonly StatementNode[];
}

interface IfNode {
  readonly type: "if";
  readonly branches: readonly { readonly condition: ExpressionNode; readonly body: AnyNode }[];
  readonly else: AnyNode | null;
}

export type AnyNode =
  | ExpressionNode
  | BlockNode
  | IfNode
  | { readonly type: "assign"; readonly target: VariableNode | IndexNode; readonly value: ExpressionNode }
  | { readonly type: "while"; readonly condition: ExpressionNode; readonly body: AnyNode }
  | { readonly type: "label"; readonly name: string }
  | { readonly type: "goto"; readonly label: string }
  | { readonly type: "continue" | "break" | "pass" };

/** A node in a list of statements: `line` is the 1-based line it starts on. */
export type StatementNode = AnyNode & { readonly line: number };

/** Options a block may have. */
export const BLOCK_OPTIONS = ["description", "expected_time", "max_time"] as const;

/** Longest script, in characters. */
export const MAX_SCRIPT_LENGTH = 1024 * 1024;

/** Deepest nesting of nodes in a script. The parser and the checks recurse; this keeps them off the end of the stack. */
export const MAX_NESTING = 100;
