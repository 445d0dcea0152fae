import type { ErrorKind, Problem } from "../kernel/errors.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { EDITS_REFUSED } from "./errors.ts";
import type { Kind, OwnedKind } from "./kinds.ts";
import type { InventoryWrites, Managed, Tenant } from "./model.ts";

/**
 * What somebody wants changed in the inventory. `version`: the one that was read; null when any will do. `applied`: what an import wrote,
 * which the row remembers so that edits of others can be told from it.
 */
export type Edit =
  /** Members that are missing take their defaults. */
  | { readonly action: "create"; readonly kind: Kind; readonly data: JsonObject; readonly applied?: JsonObject }
  | {
      readonly action: "replace";
      readonly kind: Kind;
      readonly name: string;
      readonly version: number | null;
      readonly data: JsonObject;
      readonly applied?: JsonObject;
    }
  /** JSON merge patch, RFC 7396. */
  | {
      readonly action: "merge";
      readonly kind: Kind;
      readonly name: string;
      readonly version: number | null;
      readonly patch: JsonObject;
    }
  /** JSON Patch, RFC 6902. */
  | {
      readonly action: "operations";
      readonly kind: Kind;
      readonly name: string;
      readonly version: number | null;
      readonly operations: Json;
    }
  | { readonly action: "delete"; readonly kind: Kind; readonly name: string; readonly version: number | null };

/** What other parts of the program know of what is written. */
export interface EditKnowledge {
  /** What is wrong with the text of a script of a tenant. */
  scriptProblems(text: string, file: string, tenantId: Id): readonly Problem[];
  /** What the driver of a type of foundation says of its attributes. */
  attributeProblems(type: string, attributes: JsonObject): readonly { readonly message: string }[];
}

/** What stands behind the edits. */
export interface EditContext {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly random: Random;
  /** Who manages what is created: `person`, `import:NAME`. */
  readonly managedBy: string;
  /** Whether what depends on something that is deleted goes with it. */
  readonly cascade: boolean;
  /** Whether who edits may know of a thing that is there: it can be referred to, and be named in what goes wrong. Left out: of all. */
  readonly knows?: ((kind: OwnedKind, row: AnyRow) => boolean) | undefined;
  /** Left out: scripts and attributes are not looked at. */
  readonly knowledge?: EditKnowledge | undefined;
}

/** What is wrong with one edit. */
export interface EditProblem extends Problem {
  /** The edit's place in the list, from 0. */
  readonly index: number;
  readonly kind: Kind;
  readonly name: string;
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A row of any kind, seen without its kind. */
export type AnyRow = Managed & { readonly name: string };

export interface Removal {
  readonly kind: OwnedKind;
  readonly id: Id;
  readonly name: string;
  /** The version that was seen. */
  readonly version: number;
}

/**
 * What became of a thing.
 *
 * - leaving: it is wanted absent: jobs take it down, or something still needs it; its row goes when that is over
 * - unchanged: it was as the edit wants it already
 */
export interface EditResult {
  readonly kind: Kind;
  readonly name: string;
  readonly id: Id;
  readonly version: number;
  readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
  /** Members that were changed. */
  readonly fields: readonly string[];
}

export interface EditPlan {
  readonly writes: InventoryWrites;
  /** The tenant's own row, when it is changed. */
  readonly tenant: Tenant | null;
  readonly removals: readonly Removal[];
  /** One for each edit, in their order, then those that went or changed along. */
  readonly results: readonly EditResult[];
  /** A row as it will be. */
  readonly row: (kind: Kind, name: string) => AnyRow | undefined;
  /** When there is one, nothing else counts. */
  readonly problems: readonly EditProblem[];
}

/** So many problems are told at once. */
export const MOST_PROBLEMS = 100;

/** Collects problems, and knows when there are enough. */
export interface ProblemList {
  readonly all: readonly EditProblem[];
  readonly full: boolean;
  add(
    error: ErrorKind,
    at: { readonly index: number; readonly kind: Kind; readonly name: string },
    message: string,
    details?: Readonly<Record<string, unknown>>,
  ): void;
}

export function problemList(): ProblemList & { readonly errors: readonly ErrorKind[] } {
  const all: EditProblem[] = [];
  const errors: ErrorKind[] = [];
  return {
    all,
    errors,
    get full() {
      return all.length >= MOST_PROBLEMS;
    },
    add(error, { index, kind, name }, message, details) {
      if (all.length >= MOST_PROBLEMS) return;
      errors.push(error);
      all.push({ code: error.code, message, index, kind, name, ...(details === undefined ? {} : { details }) });
    },
  };
}

/** The error that tells what is wrong: of the problems' kind when they are all of one, else `edits_refused`. */
export function refusal(problems: readonly EditProblem[], errors: ReadonlyMap<string, ErrorKind>): GantryError {
  const codes = new Set(problems.map(({ code }) => code));
  const [first] = problems;
  const kind = codes.size === 1 ? (errors.get(first?.code ?? "") ?? EDITS_REFUSED) : EDITS_REFUSED;
  const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  return new GantryError(kind, `${first?.message ?? "nothing can be done"}${more}`, {
    problems: problems.length === 1 ? [] : problems,
    ...(problems.length === 1 && first?.details !== undefined ? { details: first.details } : {}),
  });
}
