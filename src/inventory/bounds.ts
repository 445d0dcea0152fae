import type { Json } from "../kernel/json.ts";

/** How large values may be. Whatever comes in passes here before anything else walks through it by calling itself. */

/** Levels of lists and maps within one another. */
export const MOST_DEPTH = 64;

/** Characters of a value as JSON, roughly. */
const MOST_SIZE = 1024 * 1024;

/**
 * What is wrong with a value, as the end of a sentence; undefined when nothing is: it is JSON, at most 64 levels deep, and at most 1 MiB.
 * Goes no deeper than the bound, and stops at the size, however large the value is and however often its parts are shared.
 */
export function valueProblem(value: unknown, mostSize = MOST_SIZE, mostDepth = MOST_DEPTH): string | undefined {
  let left = mostSize;
  function look(one: unknown, depth: number): string | undefined {
    left -= 1;
    if (typeof one === "string") left -= one.length;
    else if (typeof one === "object" && one !== null) {
      if (depth > mostDepth) return `is nested more than ${mostDepth} levels deep`;
      if (Array.isArray(one)) {
        for (const member of one) {
          const wrong = look(member, depth + 1);
          if (wrong !== undefined) return wrong;
        }
      } else {
        for (const key of Object.keys(one)) {
          left -= key.length;
          const wrong = look((one as Readonly<Record<string, unknown>>)[key], depth + 1);
          if (wrong !== undefined) return wrong;
        }
      }
    } else if (typeof one === "number" ? !Number.isFinite(one) : one !== null && typeof one !== "boolean")
      return "is not JSON";
    return left < 0 ? `is larger than ${mostSize} characters as JSON` : undefined;
  }
  return look(value, 1);
}

/** Whether two values are the same JSON. Their depth is bounded. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((value, at) => sameJson(value, other[at]));
  if (Array.isArray(other)) return false;
  const members = Object.entries(one);
  const others = other as { readonly [key: string]: Json };
  return (
    members.length === Object.keys(others).length &&
    members.every(([key, value]) => Object.hasOwn(others, key) && sameJson(value, others[key]))
  );
}

/** No control characters, and no halves of a character. */
export function isPrintable(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
}
