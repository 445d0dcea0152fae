import { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";

/** What all verbs have in common. */

export const VERBS = ["RUN", "ARG", "ADD", "COPY", "WORKDIR", "WAIT", "SERVICE"] as const;
export type VerbName = (typeof VERBS)[number];

/** A verb's text, read: a call of a function of the module `agent`. */
export interface ParsedVerb {
  readonly module: "agent";
  readonly function: "run" | "arg" | "add" | "workdir" | "wait" | "service";
  readonly parameters: JsonObject;
  /** `--run-once`: on the first target only. For whoever makes the run. */
  readonly runOnce: boolean;
  /** ADD and COPY: files and patterns where the command is typed. Each file becomes a call of its own, see `findSources`. */
  readonly sources?: readonly string[];
}

/** Every function takes it: seconds until it is stopped, with all it started. */
export const timeoutParameter = {
  timeout: z.number().positive().optional().describe("Seconds until it is stopped, with all it started"),
};

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

/** A path on the node: relative ones count from the agent's home. */
export const nodePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !text.includes("\0"), "holds a zero byte");

export const environmentVariables = z.record(
  argumentName,
  z.string().refine((text) => !text.includes("\0"), "holds a zero byte"),
);
