import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { check } from "./check.ts";
import { compileTree } from "./compile.ts";
import type { Compiled } from "./compile.ts";
import { NOT_RESUMABLE, UNKNOWN_LABEL } from "./errors.ts";
import { accept, callAt, dispatch, jump, rollBack } from "./exchange.ts";
import { ScriptFault } from "./fault.ts";
import { Heap } from "./heap.ts";
import { remoteFunction, rollBackRemote } from "./host.ts";
import type { Host, RemoteAnswer } from "./host.ts";
import { run } from "./machine.ts";
import { parseOrThrow } from "./parse.ts";
import { ANY_MODULE } from "./program-model.ts";
import type {
  AdvanceInput,
  AdvanceOutput,
  CompiledScript,
  ScriptCall,
  ScriptProgram,
  ScriptResult,
  ScriptStatus,
  ScriptWrite,
  StartOptions,
} from "./program-model.ts";
import { progressOf } from "./progress.ts";
import { remainingOf } from "./remaining.ts";
import { startState, stateOf, storedForm } from "./state.ts";
import type { Outcome, ScriptState } from "./state.ts";
import { fromPlain, toPlain } from "./values.ts";
import type { Value } from "./values.ts";

/** TScript as a program of the job engine: every function of a module is done elsewhere, values come from a lookup. */
export const tscript: ScriptProgram = {
  compile(text, file) {
    return compileTree(parseOrThrow(text, file), text, file);
  },
  check,
  start(compiled, options: StartOptions = {}) {
    const heap = new Heap();
    const variables = heap.checked(fromPlain(options.variables ?? {})) as Record<string, Value>;
    return storedForm(startState(known(compiled), variables, heap.bytes(variables)));
  },
  advance(compiled, state, input) {
    return advance(known(compiled), stateOf(state, known(compiled)), input);
  },
  resume(stored) {
    const state = stateOf(stored);
    const { stopped, ...rest } = state;
    if (stopped?.kind !== "pause" && stopped?.kind !== "error")
      throw new GantryError(NOT_RESUMABLE, "the script is not paused");
    return storedForm(rest);
  },
  retry(stored) {
    const state = rollBack(stateOf(stored), rollBackRemote);
    if (state === undefined) throw new GantryError(NOT_RESUMABLE, "the script did not fail at a call to a worker");
    return storedForm(state);
  },
  jump(compiled, stored, label, now) {
    const state = jump(known(compiled), stateOf(stored, known(compiled)), label, now);
    if (state !== undefined) return storedForm(state);
    const labels = [...known(compiled).labels.keys()];
    const near = nearest(label, labels);
    const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
    const there = labels.length === 0 ? "it has none" : `there are: ${labels.join(", ")}`;
    throw new GantryError(UNKNOWN_LABEL, `the script has no label "${label}"; ${there}`, hint);
  },
};

function known(compiled: CompiledScript): Compiled {
  return compiled as Compiled;
}

/** For calls that have begun: what they need to know was settled when they began. */
const remoteHost: Host = {
  functionOf: (module, name) => remoteFunction(module, name, {}),
  read: () => "no_module",
  write: () => "no_module",
};

function advance(compiled: Compiled, before: ScriptState, input: AdvanceInput): AdvanceOutput {
  const writes: ScriptWrite[] = [];
  const host = hostOf(input, writes);
  const messages: string[] = [];
  let state = takeResults(compiled, before, input);
  let spent = 0;
  if (!isHeld(state)) {
    for (;;) {
      const step = run(compiled, state, host, { now: input.now, budget: input.budget - spent });
      state = step.state;
      spent += step.spent;
      if (step.outcome.kind !== "message") break;
      messages.push(step.outcome.message);
      if (spent >= input.budget) break;
    }
  }
  const calls: ScriptCall[] = [];
  if (state.stopped?.kind === "waiting") {
    const given = dispatch(compiled, state, host);
    state = given.state;
    if (given.work !== null) {
      const { parameters, ...work } = given.work;
      calls.push({ ...work, parameters: toPlain(parameters) as JsonObject, line: state.line ?? 0 });
    }
  }
  const progress = progressOf(compiled, state, input.now);
  const wakeAt = wakeTime(compiled, state);
  const remaining = remainingOf(compiled, state, input.now);
  const call = callAt(compiled, state)?.call.id;
  return {
    state: storedForm(state),
    ...statusOf(state),
    line: state.line,
    percent: progress[0]![0],
    progress,
    calls,
    writes,
    messages,
    ...(remaining === undefined ? {} : { remaining }),
    ...(wakeAt === undefined ? {} : { wakeAt }),
    ...(call === undefined || state.status === "done" ? {} : { call }),
    spent,
  };
}

/** Whether the script waits for a person, or has ended. */
function isHeld({ status, stopped }: ScriptState): boolean {
  return status !== "ready" || stopped?.kind === "pause" || stopped?.kind === "error";
}

/**
 * The lookup and the catalogue of one advance. What the script sets, it reads back as the host will hold it. A value is looked up once:
 * the lookup is pure, and taking a large value over costs its size.
 */
function hostOf(input: AdvanceInput, writes: ScriptWrite[]): Host {
  const seen = new Map<string, Value>();
  return {
    functionOf(module, name, begun) {
      const functions = Object.hasOwn(input.catalogue, module) ? input.catalogue[module]!.functions : undefined;
      if (functions !== undefined && Object.hasOwn(functions, name))
        return remoteFunction(module, name, functions[name]!.parameters);
      if (begun) return remoteFunction(module, name, {});
      if (functions !== undefined || input.values(module, name).found) return "no_name";
      return Object.hasOwn(input.catalogue, ANY_MODULE) ? remoteFunction(module, name) : "no_module";
    },
    read(module, name) {
      const known = seen.get(`${module}.${name}`);
      if (known !== undefined) return { value: known };
      const answer = input.values(module, name);
      if (!answer.found) return answer.moduleKnown || Object.hasOwn(input.catalogue, module) ? "no_name" : "no_module";
      if (answer.access === "w") return "write_only";
      const value = fromPlain(answer.value);
      seen.set(`${module}.${name}`, value);
      return { value };
    },
    write(module, name, value) {
      const answer = input.values(module, name);
      if (!answer.found && answer.settable !== true)
        return answer.moduleKnown || Object.hasOwn(input.catalogue, module) ? "no_name" : "no_module";
      const access = answer.found ? answer.access : "rw";
      if (access === "r") return "read_only";
      const plain = toPlain(value);
      if (access === "rw") seen.set(`${module}.${name}`, fromPlain(plain));
      writes.push({ module, name, value: plain });
      return "written";
    },
  };
}

function takeResults(compiled: Compiled, before: ScriptState, input: AdvanceInput): ScriptState {
  let state = before;
  for (const result of input.results) {
    const data = answerOf(result) as unknown as Json;
    state = accept(compiled, state, remoteHost, { id: result.call, data, now: input.now }).state;
  }
  return state;
}

/** A value that cannot be taken over is a failure of the call. */
function answerOf(result: ScriptResult): RemoteAnswer {
  if (!result.ok) return { ok: false, message: result.message, resumable: result.resumable ?? true };
  try {
    return { ok: true, value: new Heap().checked(fromPlain(result.value)) };
  } catch (thrown) {
    if (!(thrown instanceof ScriptFault)) throw thrown;
    return { ok: false, message: `the result cannot be used: ${thrown.message}`, resumable: true };
  }
}

function statusOf(state: ScriptState): {
  readonly status: ScriptStatus;
  readonly message: string;
  readonly resumable: boolean;
} {
  if (state.status === "done") return { status: "done", message: "", resumable: false };
  const stopped: Outcome | undefined = state.stopped;
  switch (stopped?.kind) {
    case "pause":
      return { status: "paused", message: stopped.message, resumable: true };
    case "error":
      return { status: "failed", message: stopped.message, resumable: true };
    case "fatal":
    case "parameter":
    case "not_defined":
      return { status: "failed", message: stopped.message, resumable: false };
    case "waiting":
      return { status: "waiting", message: stopped.message, resumable: false };
    default:
      return { status: "running", message: "", resumable: false };
  }
}

/** When a delay ends, or a block that has not yet been stopped for it exceeds its time. */
function wakeTime(compiled: Compiled, state: ScriptState): number | undefined {
  if (state.status !== "ready" || state.stopped?.kind !== "waiting") return undefined;
  const times: number[] = [];
  for (const frame of state.stack) {
    const step = compiled.steps[frame.step]!;
    const maximum = step.kind === "block" && frame.overtime === undefined ? step.maximum : null;
    if (maximum !== null) times.push(frame.started! + maximum + 1);
    if (frame.call?.wait === "delay") times.push(frame.call.until);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
