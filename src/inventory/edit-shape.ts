import type { z } from "zod";
import { errorKinds, type ErrorKind } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { MEMBER_INVALID } from "./errors.ts";
import { completed, ruleOf, type Kind } from "./kinds.ts";

/** One thing wrong with the form of data. */
export interface ShapeProblem {
  readonly error: ErrorKind;
  /** `structure.addresses.0.block: …`, without the kind in front. */
  readonly message: string;
}

/** Data of a kind in full: defaults in place, texts in the form in which they are kept. Or everything that is wrong with its form. */
export function shaped(
  kind: Kind,
  data: unknown,
): { readonly data: JsonObject } | { readonly problems: readonly ShapeProblem[] } {
  const { schema } = ruleOf(kind);
  const parsed = schema.safeParse(data);
  if (parsed.success) return { data: completed(kind, parsed.data as JsonObject) };
  return { problems: parsed.error.issues.flatMap((issue) => told(schema, issue)) };
}

function told(schema: z.ZodObject, issue: z.core.$ZodIssue): readonly ShapeProblem[] {
  const path = issue.path.map((part) => shown(String(part))).join(".");
  if (issue.code === "unrecognized_keys") {
    const known = path === "" ? Object.keys(schema.shape) : [];
    return issue.keys.slice(0, 5).map((key) => {
      const near = nearest(key, known);
      const where = path === "" ? "" : ` in ${path}`;
      return {
        error: MEMBER_INVALID,
        message: `there is no member '${shown(key)}'${where}${near === undefined ? "" : `; did you mean '${near}'?`}`,
      };
    });
  }
  const code = issue.code === "custom" ? (issue.params?.["code"] as string | undefined) : undefined;
  const error = code === undefined ? MEMBER_INVALID : (errorKinds().find((one) => one.code === code) ?? MEMBER_INVALID);
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return [{ error, message: `${path} is missing` }];
  const nested = issue.code === "invalid_key" || issue.code === "invalid_union" ? innermost(issue) : issue.message;
  return [{ error, message: path === "" ? nested : `${path}: ${nested}` }];
}

/** What is wrong with a key, or with the alternative that comes closest. */
function innermost(issue: z.core.$ZodIssueInvalidKey | z.core.$ZodIssueInvalidUnion): string {
  const inner = issue.code === "invalid_key" ? issue.issues[0] : issue.errors.at(-1)?.[0];
  return inner === undefined ? issue.message : [...inner.path.map(String), inner.message].join(" ");
}

function shown(text: string): string {
  return text.slice(0, 60);
}
