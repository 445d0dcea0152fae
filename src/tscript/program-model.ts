import type { Json, JsonObject } from "../kernel/json.ts";
import type { Problem } from "../kernel/errors.ts";

/**
 * What the job engine sees of TScript: a script is a program with its state as data. Every function here is pure: the same
 * arguments give the same result, and no argument is changed. States are plain JSON and may be stored at any point.
 */

/** What a function of a module takes. */
export interface ParameterDescription {
  readonly required: boolean;
}

export interface FunctionDescription {
  readonly parameters: Readonly<Record<string, ParameterDescription>>;
}

/** `r` can be read, `w` can be set, `rw` both. */
export type ValueAccess = "r" | "w" | "rw";

export interface ModuleDescription {
  readonly functions: Readonly<Record<string, FunctionDescription>>;
  /** Values by name. Absent: any name may be meant (as in `config`), and only the lookup at run time knows. */
  readonly values?: Readonly<Record<string, ValueAccess>>;
  /** What may be done with values of other names, which only the lookup at run time knows. Absent: there are none. */
  readonly others?: ValueAccess;
}

/** The modules a script may use, by name: what workers advertise and what the host itself offers. */
export type Catalogue = Readonly<Record<string, ModuleDescription>>;

/**
 * A member of a catalogue of this name stands for every module that has none of its own: who has it may come yet, so that a call of it is
 * given out and not an error.
 */
export const ANY_MODULE = "*";

/** Answers `module.name` of a script. Values are ordinary JSON; a number with a fraction becomes a float. */
export type ValueLookup = (module: string, name: string) => ValueAnswer;

export type ValueAnswer =
  | { readonly found: true; readonly value: Json; readonly access: ValueAccess }
  /** `settable`: there is no such value yet, but a script may set it. */
  | { readonly found: false; readonly moduleKnown: boolean; readonly settable?: boolean };

/** A call that is to be done elsewhere. Parameters are ordinary JSON: floats are numbers, durations are seconds, datetimes ISO text. */
export interface ScriptCall {
  /** Unique within one job and never used again: counts from 1. A retry of a failed call has a new one. */
  readonly call: number;
  readonly module: string;
  readonly function: string;
  readonly parameters: JsonObject;
  /** Line of the statement that calls. */
  readonly line: number;
}

/**
 * What became of a call. A failure that is `resumable` (the default) can be resumed (the script goes on, the call's value is none)
 * or retried; one that is not can only be retried. A result for any call but the present one is ignored.
 */
export type ScriptResult =
  | { readonly call: number; readonly ok: true; readonly value: Json }
  | { readonly call: number; readonly ok: false; readonly message: string; readonly resumable?: boolean };

/** `module.name = value` in the script, in ordinary JSON. */
export interface ScriptWrite {
  readonly module: string;
  readonly name: string;
  readonly value: Json;
}

/** From the outside in: percent (0 to 100), `Scope`, `While`, `IfElse` or `Function`, and what is known about it. */
export type ProgressEntry = readonly [percent: number, name: string, description: JsonObject | null];

/**
 * - `running`: the budget is used up; advance again at once.
 * - `waiting`: for the result of a call, or for `wakeAt`.
 * - `paused`: by `pause(…)` or by a block's `max_time`; goes on after `resume`.
 * - `failed`: see `resumable`; goes on after `resume`, `retry` or `jump`.
 * - `done`: the script came to its end.
 */
export type ScriptStatus = "running" | "waiting" | "paused" | "failed" | "done";

export interface AdvanceInput {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Nodes that may be entered before control comes back; at least 1. */
  readonly budget: number;
  /** Results of calls. They are taken up whatever the status is, and looked at when the script goes on. */
  readonly results: readonly ScriptResult[];
  readonly values: ValueLookup;
  /** Functions that are done elsewhere. A call to anything else is an error of the script. */
  readonly catalogue: Catalogue;
}

export interface AdvanceOutput {
  readonly state: JsonObject;
  readonly status: ScriptStatus;
  /** What it waits for, why it paused or failed; empty while running and when done. */
  readonly message: string;
  /** 1-based; 0 before the first statement, null when done. */
  readonly line: number | null;
  /** 0 to 100, of the whole script. */
  readonly percent: number;
  readonly progress: readonly ProgressEntry[];
  /** Calls to dispatch now. Each is handed out exactly once. */
  readonly calls: readonly ScriptCall[];
  /** Values set, in order. Within this advance the script has already seen them. */
  readonly writes: readonly ScriptWrite[];
  /** Texts of `message(…)`, in order. */
  readonly messages: readonly string[];
  /** Milliseconds it has still before it, by the `expected_time` of its blocks; left out when none says. */
  readonly remaining?: number;
  /** Advance again at this time even if no result has come (`delay`, `max_time`). */
  readonly wakeAt?: number;
  /** The call waited for or failed at, if any. */
  readonly call?: number;
  /** Whether `resume` is possible. */
  readonly resumable: boolean;
  /** Nodes entered. */
  readonly spent: number;
}

/** A script ready to run. Opaque; made by `compile`, cheap to keep, never stored. */
export interface CompiledScript {
  readonly file: string;
  /** Of the text: a state only goes with the text it was started from. */
  readonly fingerprint: string;
}

export interface StartOptions {
  /** Variables the script finds set, in ordinary JSON. */
  readonly variables?: JsonObject;
}

export interface ScriptProgram {
  /** Throws a GantryError with all `problems` when the text does not parse. */
  compile(text: string, file: string): CompiledScript;
  /** Every problem of a text, sorted by place. With a catalogue, modules, functions and their parameters are checked too. */
  check(text: string, file: string, catalogue?: Catalogue): readonly Problem[];
  start(compiled: CompiledScript, options?: StartOptions): JsonObject;
  advance(compiled: CompiledScript, state: JsonObject, input: AdvanceInput): AdvanceOutput;
  /** After `paused` or a resumable `failed`: the next advance goes on behind the call. Throws when there is nothing to resume. */
  resume(state: JsonObject): JsonObject;
  /** After a remote call failed: the next advance hands it out again under a new call id. Throws when no remote call failed. */
  retry(state: JsonObject): JsonObject;
  /** Goes to a label of the outermost statement list, whatever the state. Throws when there is no such label. */
  jump(compiled: CompiledScript, state: JsonObject, label: string, now: number): JsonObject;
}
