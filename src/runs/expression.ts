import { runInNewContext } from "node:vm";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { TARGET_INVALID } from "./errors.ts";

/** Milliseconds an expression may take over all names: a bad one must not hold up the server. */
const LONGEST = 200;

/** Names in which a regular expression finds something. Errors: `target_invalid`. */
export function matchingNames(expression: string, names: readonly string[]): ReadonlySet<string> {
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
    return new Set(runInNewContext(text, { names, expression: compiled }, { timeout: LONGEST }) as string[]);
  } catch (error) {
    throw new GantryError(TARGET_INVALID, `/${expression}/ takes too long to be looked for`, { cause: error });
  }
}
