import { runInNewContext } from "node:vm";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { TARGET_INVALID } from "./errors.ts";

/** Milliseconds the expressions of one run may take together over all names: bad ones must not hold up the server. */
const LONGEST = 200;

type Matching = (expression: string, names: readonly string[]) => ReadonlySet<string>;

/** Finds names in which a regular expression finds something; made anew for each run, whose expressions share their time. Errors: `target_invalid`. */
export function createMatching(): Matching {
  let left = LONGEST;
  return (expression, names) => {
    const began = performance.now();
    try {
      return matchingWithin(expression, names, Math.max(1, Math.floor(left)));
    } finally {
      left -= performance.now() - began;
    }
  };
}

function matchingWithin(expression: string, names: readonly string[], timeout: number): ReadonlySet<string> {
  let compiled: RegExp;
  try {
    compiled = new RegExp(expression, "u");
  } catch (error) {
    throw new GantryError(
      TARGET_INVALID,
      `/${expression}/: ${messageOf(error).replace(/^Invalid regular expression: /, "")}`,
    );
  }
  try {
    const text = "names.filter((name) => expression.test(name))";
    return new Set(runInNewContext(text, { names, expression: compiled }, { timeout }) as string[]);
  } catch (error) {
    throw new GantryError(TARGET_INVALID, `/${expression}/ takes too long to be looked for`, { cause: error });
  }
}
