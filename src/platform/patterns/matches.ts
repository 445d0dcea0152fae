import { Script } from "node:vm";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { PATTERN_WRONG } from "./errors.ts";
import { inThread } from "./thread.ts";

export interface Search {
  /** Regular expressions, without slashes; they have the flag `u`. */
  readonly expressions: readonly string[];
  readonly texts: readonly string[];
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** Milliseconds that all expressions of a search may take together. */
const LONGEST = 5_000;
/** Milliseconds of them here: nearly all need less, and a thread takes longer to start. */
const AT_ONCE = 20;

/** As text, for wherever it runs. */
const FIND = `({ expressions, texts }) => expressions.map((text) => {
  const expression = new RegExp(text, "u");
  return texts.flatMap((one, index) => (expression.test(one) ? [index] : []));
})`;
const HERE = new Script(`(${FIND})({ expressions, texts })`);

/**
 * For each expression the numbers of the texts in which it finds something, from 0. Ones that take long do not hold up anybody else.
 * Errors: `pattern_wrong`, `pattern_too_slow`, the reason of the signal.
 */
export async function findMatches(search: Search): Promise<readonly (readonly number[])[]> {
  const { expressions, texts } = search;
  for (const text of expressions) checkExpression(text);
  try {
    return HERE.runInNewContext({ expressions, texts }, { timeout: AT_ONCE }) as number[][];
  } catch {
    // It takes longer.
    const about = expressions.length === 1 ? `/${expressions[0]}/` : `looking for ${expressions.length} expressions`;
    return inThread(FIND, { expressions, texts }, { ...search, about, milliseconds: LONGEST });
  }
}

/** Errors: `pattern_wrong`. */
function checkExpression(text: string): void {
  try {
    void new RegExp(text, "u");
  } catch (error) {
    const why = messageOf(error).replace(/^Invalid regular expression: /, "");
    throw new GantryError(PATTERN_WRONG, `/${text}/: ${why}`);
  }
}
