import { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";

/** What all verbs have in common. */

/** A verb's text, read: a call of a function of the module `agent`. */
export interface ParsedVerb {
  readonly module: "agent";
  readonly function: string;
  readonly parameters: JsonObject;
  /** `--run-once`: on the first target only. For whoever makes the run. */
  readonly runOnce: boolean;
  /** ADD and COPY: files and patterns where the command is typed. Each file becomes a call of its own, see `findSources`. */
  readonly sources?: readonly string[];
  /** What must be over everywhere before the verbs behind it begin. For whoever makes the run. */
  readonly barrier?: Barrier;
}

/** `query`: the nodes' answers are collected and given to each. `wait`: those jobs have ended, on those nodes or on all of theirs. */
export type Barrier = "query" | { readonly wait: readonly string[] };

/** What would change, without changing it. */
export interface VerbPlan {
  /** `unknown`: it shows only when it runs. */
  readonly changed: boolean | "unknown";
  /** Lines for a person to read: a unified diff where a file changes. Empty when nothing would change. */
  readonly diff: string;
  readonly message?: string;
  /** Arguments it would set: later verbs of the same list see them while they are planned. */
  readonly arguments?: JsonObject;
  /** Variables of the environment it would set. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments it would set to what shows only when it runs. */
  readonly unknown?: readonly string[];
  /** Arguments and variables that would be gone. */
  readonly forgets?: { readonly arguments: readonly string[]; readonly environment: readonly string[] };
  /** It would set arguments whose names show only when it runs: says which, as in `what /tmp/x holds`. */
  readonly later?: string;
}

/** How a verb ended well. What failed throws. */
export type VerbResult = JsonObject & { readonly changed: boolean };

/** `user`, `user:group`, `:group`; names or numbers. */
export const ownerText = z
  .string()
  .regex(/^([A-Za-z0-9_.][A-Za-z0-9_.-]*\$?)?(:[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?)?$/, "is not USER, USER:GROUP or :GROUP")
  .min(1);

/** An octal mode: `644`, `0755`. */
export const modeText = z.string().regex(/^[0-7]{3,4}$/, "is not an octal mode like 0644");

/** Names of arguments and of variables of the environment. */
export const argumentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "is not a name of letters, digits and underscores");

/** A path on the node: relative ones count from `cwd`, and without one from the agent's home. */
export const nodePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !text.includes("\0"), "holds a zero byte");

export const environmentVariables = z.record(
  argumentName,
  z.string().refine((text) => !text.includes("\0"), "holds a zero byte"),
);

/** A text with a shape of its own that may also be a template: it is checked again when it is filled in. */
export function templated(schema: z.ZodString): z.ZodString {
  return z.string().superRefine((text, context) => {
    if (text.includes("{{")) return;
    for (const issue of schema.safeParse(text).error?.issues ?? []) context.addIssue({ ...issue, code: "custom" });
  });
}

const CACHE_USES = ["none", "use", "renew"] as const;

/** Parameters every verb takes; the framework sees to them (`frame.ts`). */
export const commonParameters = z.object({
  timeout: z.number().positive().optional().describe("Seconds until it is stopped, with all it started"),
  retry: z.int().min(0).max(1000).optional().describe("How often it is tried again when it fails"),
  retry_wait: z.number().min(0).max(86_400).optional().describe("Seconds before it is tried again"),
  environment: environmentVariables.optional().describe("Variables for the environment of what it starts"),
  user: z.string().min(1).max(256).optional().describe("User of the node it is done as; the agent must be root"),
  cwd: nodePath.optional().describe("Folder it is done in; the agent's home when left out"),
  stdout_arg: argumentName.optional().describe("Remembers its trimmed standard output as this argument"),
  stderr_arg: argumentName.optional().describe("Remembers its trimmed error output as this argument"),
  cache: z
    .enum(CACHE_USES)
    .optional()
    .describe(
      "use: when the same succeeded here before, its result is given instead; renew: it is done, and its result kept",
    ),
  sensitive: z.boolean().optional().describe("Neither its text nor its output is kept or shown, only how it ended"),
  values: z.record(z.string(), z.json()).optional().describe("Values for {{ }}, stronger than the node's arguments"),
});
export type CommonParameters = z.output<typeof commonParameters>;
