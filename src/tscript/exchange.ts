import type { Json } from "../kernel/json.ts";
import type { CallStep, Compiled } from "./compile.ts";
import type { Host, HostFunction } from "./host.ts";
import type { CallState, Frame, ScriptState } from "./state.ts";

/** What goes between a script that waits at a call and whoever does the call: work out, results in, and the host's own moves. */

export interface HostCall {
  readonly module: string;
  readonly name: string;
  readonly call: CallState & { readonly wait: "host" };
}

/** The call to a module the script stands at, if it does. */
export function callAt(compiled: Compiled, state: ScriptState): HostCall | undefined {
  const frame = state.stack.at(-1);
  if (frame?.call?.wait !== "host") return undefined;
  const step = compiled.steps[frame.step] as CallStep;
  return { module: step.module!, name: step.name, call: frame.call };
}

function functionAt(host: Host, { module, name }: HostCall): HostFunction | undefined {
  const found = host.functionOf(module, name, true);
  return typeof found === "string" ? undefined : found;
}

export interface Dispatched {
  readonly state: ScriptState;
  readonly work: {
    readonly call: number;
    readonly module: string;
    readonly function: string;
    readonly parameters: Json;
  } | null;
}

/** Gives out the work of the call the script waits at, under a new number. `modules`: what can be done; absent: anything. */
export function dispatch(compiled: Compiled, state: ScriptState, host: Host, modules?: readonly string[]): Dispatched {
  const at = state.status === "ready" ? callAt(compiled, state) : undefined;
  if (at === undefined || at.call.dispatched || at.call.raised === true) return { state, work: null };
  if (modules !== undefined && !modules.includes(at.module)) return { state, work: null };
  const work = functionAt(host, at)?.dispatch?.(at.call.state) ?? null;
  if (work === null) return { state, work };
  const id = state.calls + 1;
  const next = { ...withCall(state, { ...at.call, id, dispatched: true }), calls: id };
  return { state: next, work: { call: id, module: at.module, ...work } };
}

export type Acceptance =
  | { readonly state: ScriptState; readonly outcome: "accepted"; readonly message: string }
  | {
      readonly state: ScriptState;
      readonly outcome: "not_running" | "bad_cookie" | "not_at_function" | "not_expecting";
    };

/** Takes in a result for the call with the number `id`. */
export function accept(
  compiled: Compiled,
  state: ScriptState,
  host: Host,
  { id, data, now }: { readonly id: number; readonly data: Json; readonly now: number },
): Acceptance {
  if (state.status !== "ready" || state.stack.length === 0) return { state, outcome: "not_running" };
  if (id !== state.calls) return { state, outcome: "bad_cookie" };
  const at = callAt(compiled, state);
  const found = at === undefined ? undefined : functionAt(host, at);
  if (at === undefined || found === undefined) return { state, outcome: "not_at_function" };
  if (!at.call.dispatched) return { state, outcome: "not_expecting" };
  const inner = found.accept?.(at.call.state, data) ?? at.call.state;
  const message = found.message(inner, { now });
  return { state: withCall(state, { ...at.call, state: inner, dispatched: false }), outcome: "accepted", message };
}

/** Moves the script to a label, whatever it was doing, also if it had failed or ended. Undefined when there is no such label. */
export function jump(compiled: Compiled, state: ScriptState, label: string, now: number): ScriptState | undefined {
  const at = compiled.labels.get(label);
  if (at === undefined) return undefined;
  const { entered: _, stopped: __, ...rest } = state;
  const started = state.stack[0]?.started ?? now;
  return { ...rest, status: "ready", line: state.line ?? 0, stack: [{ step: 0, at, started }] };
}

/**
 * Makes the call that failed one that has not been given out; `rollback` is the function's own. Undefined when the script does not
 * stand at a failed call.
 */
export function rollBack(state: ScriptState, rollback: (state: Json) => Json): ScriptState | undefined {
  const call = state.stack.at(-1)?.call;
  if (call?.wait !== "host" || (call.raised !== true && state.status !== "aborted")) return undefined;
  const { entered: _, stopped: __, ...rest } = state;
  return { ...withCall(rest, { wait: "host", state: rollback(call.state), dispatched: false }), status: "ready" };
}

function withCall(state: ScriptState, call: CallState): ScriptState {
  const top: Frame = { ...state.stack.at(-1)!, call };
  return { ...state, stack: [...state.stack.slice(0, -1), top] };
}
