import type { Json, JsonObject } from "../kernel/json.ts";
import { badParameter } from "./fault.ts";
import type { ScriptFault } from "./fault.ts";
import type { ParameterDescription } from "./program-model.ts";
import type { Value } from "./values.ts";

/**
 * What a script needs from outside, as a protocol of pure functions on JSON. A function is set up with its arguments; then, and whenever
 * the script is run again, it is asked whether it is done. Until it is, it ticks, and may give out work to be done elsewhere and take in
 * the result.
 */
export interface HostFunction {
  readonly parameters?: Readonly<Record<string, ParameterDescription>>;
  /** The first state. Throws what `refuse` makes when an argument will not do. */
  setup(args: Readonly<Record<string, Value>>, context: HostContext): Json;
  done(state: Json, context: HostContext): boolean;
  /** Asked once, when done. */
  value(state: Json, context: HostContext): HostValue;
  /** What is waited for. */
  message(state: Json, context: HostContext): string;
  /** The next state; called by every run that finds the function not done. Absent: nothing changes. */
  tick?(state: Json, context: HostContext): Json;
  /** Work to give out, or null. Absent: never any. */
  dispatch?(state: Json): HostWork | null;
  /** The state after a result has come in. */
  accept?(state: Json, data: Json): Json;
  /** The state from which the work is given out anew. */
  rollback?(state: Json): Json;
}

export interface HostContext {
  /** Epoch milliseconds. */
  readonly now: number;
}

type HostValue =
  | { readonly value: Value }
  /** A resumable failure stops the script, which goes on behind the call when run again; any other ends it. */
  | { readonly failure: string; readonly resumable: boolean };

interface HostWork {
  readonly function: string;
  readonly parameters: Json;
}

/** Makes the error a function's `setup` throws when it does not like an argument. */
export function refuse(parameter: string, message: string): ScriptFault {
  return badParameter(parameter, message);
}

type Missing = "no_module" | "no_name";

/** The modules a script can reach. */
export interface Host {
  /** `begun`: the call is under way, so that the function is needed even if it is no longer offered. */
  functionOf(module: string, name: string, begun: boolean): HostFunction | Missing;
  read(module: string, name: string): { readonly value: Value } | Missing | "write_only";
  write(module: string, name: string, value: Value): "written" | Missing | "read_only";
}

interface RemoteState {
  readonly phase: "new" | "sent" | "answered";
  readonly parameters: JsonObject;
  readonly answer?: Json;
}

/** What a remote function's `accept` takes. */
export type RemoteAnswer =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string; readonly resumable: boolean };

/**
 * A function that is done elsewhere: all arguments are given out as they are, and the answer is the value of the call.
 *
 * @param parameters left out: nobody knows them but who does it
 */
export function remoteFunction(
  module: string,
  name: string,
  parameters?: Readonly<Record<string, ParameterDescription>>,
): HostFunction {
  return {
    ...(parameters === undefined ? {} : { parameters }),
    setup(args) {
      if (parameters === undefined) return { phase: "new", parameters: args };
      for (const given of Object.keys(args)) {
        if (!Object.hasOwn(parameters, given)) throw refuse(given, `${module}.${name} has no parameter "${given}"`);
      }
      for (const [needed, { required }] of Object.entries(parameters)) {
        if (required && !Object.hasOwn(args, needed)) throw refuse(needed, `${module}.${name} needs "${needed}"`);
      }
      return { phase: "new", parameters: args };
    },
    done: (state) => remoteState(state).phase === "answered",
    value(state) {
      const answer = remoteState(state).answer as unknown as RemoteAnswer;
      return answer.ok ? { value: answer.value } : { failure: answer.message, resumable: answer.resumable };
    },
    message: () => `Waiting for ${module}.${name}`,
    dispatch(state) {
      const { phase, parameters: args } = remoteState(state);
      return phase === "new" ? { function: name, parameters: args } : null;
    },
    accept: (state, data) => ({ ...remoteState(state), phase: "answered", answer: data }),
    rollback: rollBackRemote,
  };
}

/** The `rollback` of every remote function. */
export function rollBackRemote(state: Json): Json {
  return { phase: "new", parameters: remoteState(state).parameters };
}

function remoteState(state: Json): RemoteState {
  return state as unknown as RemoteState;
}
