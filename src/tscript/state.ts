import type { Json, JsonObject } from "../kernel/json.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Compiled } from "./compile.ts";
import { STATE } from "./errors.ts";
import type { Failure } from "./fault.ts";
import type { Value } from "./values.ts";

/** Of the shape below. A state of another version is refused, never guessed at. */
const STATE_VERSION = 1;

/** Where a script stands, as plain JSON. Never changed once it has been given out. */
export interface ScriptState {
  readonly version: typeof STATE_VERSION;
  /** Fingerprint of the script's text. */
  readonly script: string;
  readonly status: "ready" | "done" | "aborted";
  /** 0 before the first statement, null when done. */
  readonly line: number | null;
  readonly variables: Readonly<Record<string, Value>>;
  /** Of all variables, see `heap.ts`. */
  readonly bytes: number;
  /** Calls given out so far; also the number of the last one. */
  readonly calls: number;
  /** From the root to where the script stands. Empty before the first run. */
  readonly stack: readonly Frame[];
  /** How many of the stack were entered by the last run, when its budget did not suffice for all. */
  readonly entered?: number;
  /** How the last run ended. */
  readonly stopped?: Outcome;
}

/** A step that has been entered and is not finished. */
export interface Frame {
  readonly step: number;
  /** How many parts are finished; an `if` counts two to a branch: condition, body. */
  readonly at: number;
  /** Values of finished parts. */
  readonly kept?: readonly Value[];
  /** Of a block: when it was first entered, epoch milliseconds. */
  readonly started?: number;
  /** Of a block over its `max_time`: whether the pause for it is due, or has just been let through. */
  readonly overtime?: "raised" | "passed";
  /** Of a call that has begun. */
  readonly call?: CallState;
}

export type CallState =
  | { readonly wait: "pause" | "error" | "message" }
  | { readonly wait: "delay"; readonly until: number }
  | {
      readonly wait: "host";
      readonly state: Json;
      /** Number of the call, once given out. */
      readonly id?: number;
      /** Given out, and no result yet. */
      readonly dispatched: boolean;
      /** Failed, and told so: the script goes on behind it. */
      readonly raised?: true;
    };

export type Outcome =
  /** The script came to its end in this run. */
  | { readonly kind: "end" }
  /** It had ended before. */
  | { readonly kind: "over"; readonly how: "done" | "aborted" }
  | { readonly kind: "waiting" | "message" | "pause" | "error"; readonly message: string }
  | { readonly kind: "timeout"; readonly line: number | null }
  | (Failure & { readonly line: number | null });

export function startState(compiled: Compiled, variables: Readonly<Record<string, Value>>, bytes: number): ScriptState {
  return {
    version: STATE_VERSION,
    script: compiled.fingerprint,
    status: "ready",
    line: 0,
    variables,
    bytes,
    calls: 0,
    stack: [],
  };
}

/** A stored state, if it is one of this version and script. Throws a GantryError otherwise. */
export function stateOf(stored: JsonObject, compiled?: Compiled): ScriptState {
  if (stored["version"] !== STATE_VERSION) {
    throw new GantryError(
      STATE,
      `the state has version ${String(stored["version"])}; this program knows ${STATE_VERSION}`,
    );
  }
  if (compiled !== undefined && stored["script"] !== compiled.fingerprint) {
    throw new GantryError(STATE, `the state belongs to another text than that of ${compiled.file}`);
  }
  return stored as unknown as ScriptState;
}

export function storedForm(state: ScriptState): JsonObject {
  return state as unknown as JsonObject;
}
