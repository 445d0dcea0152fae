import { builder } from "./build.ts";
import type { Builder, Finding } from "./build.ts";
import { TOO_DEEP } from "./errors.ts";
import type { StatementNode } from "./model.ts";
import { parse, SyntaxError } from "./parser.generated.js";
import { lineTable } from "./places.ts";
import { syntaxFinding } from "./syntax-message.ts";

/** One try: the statements, or the syntax error. */
export type Attempt =
  | { readonly statements: readonly StatementNode[]; readonly build: Builder }
  | { readonly finding: Finding };

/** Parses a text once. */
export function attempt(text: string): Attempt {
  const lines = lineTable(text);
  const build = builder(lines);
  try {
    return { statements: parse(text, { build }), build };
  } catch (thrown) {
    const deep = build.tooDeepAt();
    if (deep !== undefined || thrown instanceof RangeError) {
      const message = "this is nested too deeply";
      return { finding: { code: TOO_DEEP.code, message, offset: deep ?? 0 } };
    }
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return { finding: syntaxFinding(text, thrown.location.start.offset, thrown.expected) };
  }
}
