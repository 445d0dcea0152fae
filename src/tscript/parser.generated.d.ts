/** Types of the generated parser; see `parse.ts` for the builder it is given. */
import type { StatementNode } from "./model.ts";

export interface Expectation {
  readonly type: "literal" | "class" | "any" | "end" | "other" | "not";
  readonly text?: string;
  readonly description?: string;
}

export class SyntaxError extends Error {
  readonly expected: readonly Expectation[];
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

/** Throws a `SyntaxError`, or a `RangeError` when the text is nested too deeply. */
export function parse(text: string, options: { readonly build: object }): StatementNode[];
