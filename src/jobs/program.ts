import type { Json } from "../kernel/json.ts";
import type { Catalogue, ValueLookup } from "../tscript/index.ts";
import type { Call, ProgramSource, ProgressEntry, TaskError } from "./model.ts";

/** The port of a program: what the engine can run. A script is one, a list of verbs is one. */

export type { Catalogue, ValueLookup };

/** What a program assigned to a value of the host: `module.name = value`. */
export interface ValueWrite {
  readonly module: string;
  readonly name: string;
  readonly value: Json;
}

/** An answer to a call. Only good ones reach a program: after a failed one the job stands still at the call. */
export interface CallResult {
  readonly call: number;
  readonly value: Json;
  /** Of a batch: how its items ended. */
  readonly items?: ItemsAnswer;
}

export interface ItemsAnswer {
  readonly done: number;
  readonly failed: number;
  readonly firstError?: TaskError;
}

export interface AdvanceInput {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Steps this advance may take, at least 1. */
  readonly budget: number;
  readonly results: readonly CallResult[];
  readonly values: ValueLookup;
  readonly catalogue: Catalogue;
}

export type ProgramStatus =
  /** The budget ran out: goes on at its next turn. */
  | { readonly kind: "running" }
  /** For results, or until a time. */
  | { readonly kind: "waiting"; readonly until: number | null; readonly message?: string }
  /** Stands still until `resume`. */
  | { readonly kind: "paused"; readonly message: string }
  | { readonly kind: "done" }
  /** Gave up for good; a retry starts the program anew. */
  | { readonly kind: "failed"; readonly message: string; readonly code?: string };

export interface Advance {
  readonly state: Json;
  readonly calls: readonly Call[];
  readonly writes: readonly ValueWrite[];
  readonly messages: readonly string[];
  readonly status: ProgramStatus;
  /** From 1; null before the first statement and at the end. */
  readonly line: number | null;
  /** Milliseconds it has still before it, as far as it can tell. */
  readonly remaining?: number;
  /** 0 to 100. */
  readonly percent: number;
  readonly progress: readonly ProgressEntry[];
}

/** A program ready to run. Pure: the same input gives the same advance, so that it may be repeated after a crash. */
export interface Program {
  start(): Json;
  advance(state: Json, input: AdvanceInput): Advance;
  /**
   * The state that goes on at a label, whatever it was doing, also if it had failed. Left out: it has none. Throws a GantryError that names
   * the labels there are.
   */
  jump?(state: Json, label: string, now: number): Json;
  /** A call it made that was stored without its batch, as it was. Left out: it makes no batches. */
  recall?(call: Call): Call;
  /** After `paused`: the state that goes on behind the pause. */
  resume(state: Json): Json;
  /** It looks at nothing of its host: no values, no catalogue. */
  readonly alone?: true;
}

/** One kind of program. */
export interface ProgramLoader {
  /** Throws a GantryError with every problem of the source. */
  load(source: ProgramSource): Program;
}
