import { BUILTINS, callOnArray, checkArguments, delayOf, messageOf, ON_ARRAYS, position } from "./builtins.ts";
import type { ArrayPlace } from "./builtins.ts";
import type { BlockStep, CallStep, Compiled, Step } from "./compile.ts";
import { badParameter, fatal, notDefined, ScriptFault } from "./fault.ts";
import { Heap } from "./heap.ts";
import type { Host, HostContext, HostFunction } from "./host.ts";
import { infix } from "./operators.ts";
import type { CallState, Frame, Outcome, ScriptState } from "./state.ts";
import { isContainer, kindOf, MAX_VALUE_BYTES, storedKey, truth } from "./values.ts";
import type { Value } from "./values.ts";
import { Variables } from "./variables.ts";

export interface RunInput {
  /** Epoch milliseconds; stands still during the run. */
  readonly now: number;
  /** Steps that may be entered. */
  readonly budget: number;
}

export interface RunOutput {
  readonly state: ScriptState;
  readonly outcome: Outcome;
  /** Steps entered. */
  readonly spent: number;
}

type OpenFrame = { -readonly [K in keyof Frame]: Frame[K] } & { kept?: Value[] };

/** Runs a script until something stops it. The state given is not changed. */
export function run(compiled: Compiled, state: ScriptState, host: Host, input: RunInput): RunOutput {
  if (state.status !== "ready") return { state, outcome: { kind: "over", how: state.status }, spent: 0 };
  return new Machine(compiled, state, host, input).run();
}

/** One run. Works on copies of what it changes. */
class Machine {
  readonly #compiled: Compiled;
  readonly #before: ScriptState;
  readonly #host: Host;
  readonly #context: HostContext;
  readonly #heap = new Heap();
  readonly #variables: Variables;
  readonly #limit: number;
  #budget: number;
  #line: number | null;
  #stack: OpenFrame[];
  #entered: number | undefined;
  /** The value of the step that was finished last, until the one around it takes it. */
  #value: Value = null;
  #delivered = false;
  /** Size of what the stack keeps. */
  #keptBytes: number;

  constructor(compiled: Compiled, state: ScriptState, host: Host, input: RunInput) {
    this.#compiled = compiled;
    this.#before = state;
    this.#host = host;
    this.#context = { now: input.now };
    this.#variables = new Variables(state.variables, state.bytes, this.#heap);
    this.#limit = input.budget;
    this.#budget = input.budget;
    this.#line = state.line;
    this.#stack = state.stack.map(({ kept, ...frame }) => (kept === undefined ? frame : { ...frame, kept: [...kept] }));
    this.#keptBytes = this.#sizeOfKept();
  }

  run(): RunOutput {
    let outcome: Outcome;
    try {
      if (this.#stack.length === 0) this.#stack.push({ step: 0, at: 0, started: this.#context.now });
      outcome = this.#reenter() ?? this.#loop();
    } catch (thrown) {
      if (!(thrown instanceof ScriptFault)) throw thrown;
      outcome = { ...thrown.failure, line: this.#line };
    }
    const failed = outcome.kind === "fatal" || outcome.kind === "parameter" || outcome.kind === "not_defined";
    const { entered: _, stopped: __, ...before } = this.#before;
    const state: ScriptState = {
      ...before,
      status: failed ? "aborted" : outcome.kind === "end" ? "done" : "ready",
      line: this.#line,
      variables: this.#variables.all(),
      bytes: this.#variables.bytes,
      stack: this.#stack,
      ...(this.#entered === undefined ? {} : { entered: this.#entered }),
      stopped: outcome,
    };
    return { state, outcome, spent: this.#limit - this.#budget };
  }

  /** Enters, and pays for, everything from the root to where the script stands. */
  #reenter(): Outcome | undefined {
    for (const [at, frame] of this.#stack.entries()) {
      const step = this.#step(frame.step);
      if (!this.#pay()) {
        this.#entered = at;
        return this.#timeout();
      }
      if (step.kind === "entry") this.#line = step.line;
      if (step.kind === "block" && this.#overtime(frame, step)) return { kind: "pause", message: "Max Time Elapsed" };
    }
    return undefined;
  }

  /** A block past its time stops every other run, so that a person can let it go on. */
  #overtime(frame: OpenFrame, block: BlockStep): boolean {
    if (block.maximum === null || this.#context.now <= frame.started! + block.maximum) return false;
    frame.overtime = frame.overtime === "raised" ? "passed" : "raised";
    return frame.overtime === "raised";
  }

  #loop(): Outcome {
    for (;;) {
      const frame = this.#stack[this.#stack.length - 1];
      if (frame === undefined) {
        this.#line = null;
        return { kind: "end" };
      }
      const stop = this.#go(frame, this.#step(frame.step));
      if (stop !== undefined) return stop;
    }
  }

  #step(number: number): Step {
    return this.#compiled.steps[number]!;
  }

  /** Large values cost more than the step that handles them: a budget must bound time, too. */
  #pay(): boolean {
    if (this.#heap.work >= 4096) {
      this.#budget -= this.#heap.work >>> 12;
      this.#heap.work &= 4095;
    }
    if (this.#budget <= 0) return false;
    this.#budget -= 1;
    return true;
  }

  #timeout(): Outcome {
    return { kind: "timeout", line: this.#line };
  }

  /** Enters a step. Those without parts are finished at once. */
  #enter(number: number): Outcome | undefined {
    if (!this.#pay()) return this.#timeout();
    const step = this.#step(number);
    switch (step.kind) {
      case "constant":
        return this.#deliver(step.value);
      case "nothing":
        return this.#deliver(null);
      case "variable":
        return this.#deliver(this.#read(step.module, step.name));
      case "place":
        if (step.module === null) this.#variables.need(step.name);
        return this.#deliver(null);
      case "goto":
        return this.#goto(step.label);
      case "continue":
      case "break":
        return this.#leaveBody(step.kind);
      case "entry":
        this.#line = step.line;
        this.#stack.push({ step: number, at: 0 });
        return undefined;
      case "block":
        this.#stack.push({ step: number, at: 0, started: this.#context.now });
        return undefined;
      default:
        this.#stack.push({ step: number, at: 0 });
        return undefined;
    }
  }

  #deliver(value: Value): undefined {
    this.#value = value;
    this.#delivered = true;
    return undefined;
  }

  /** Leaves the innermost step and hands its value to the one around it. */
  #finish(value: Value): undefined {
    const { kept } = this.#stack.pop()!;
    if (kept !== undefined) for (const part of kept) this.#keptBytes -= this.#heap.bytes(part);
    return this.#deliver(value);
  }

  #sizeOfKept(): number {
    let bytes = 0;
    for (const { kept } of this.#stack)
      if (kept !== undefined) for (const part of kept) bytes += this.#heap.bytes(part);
    return bytes;
  }

  /** Whether a part has just been finished; its value is taken. */
  #taken(): boolean {
    const delivered = this.#delivered;
    this.#delivered = false;
    return delivered;
  }

  /** Takes the value of a part that was finished and keeps it. */
  #keep(frame: OpenFrame): void {
    if (!this.#taken()) return;
    this.#keptBytes += this.#heap.bytes(this.#value);
    if (this.#keptBytes > MAX_VALUE_BYTES) throw fatal("the operands are too large together");
    (frame.kept ??= []).push(this.#heap.share(this.#value));
    frame.at += 1;
  }

  /** Does the next thing in the innermost step. */
  #go(frame: OpenFrame, step: Step): Outcome | undefined {
    switch (step.kind) {
      case "block":
        if (this.#taken()) frame.at += 1;
        return frame.at < step.entries.length ? this.#enter(step.entries[frame.at]!) : this.#finish(null);
      case "entry":
        return this.#taken() ? this.#finish(null) : this.#enter(step.child);
      case "infix":
        if (frame.at === 1 && this.#taken()) return this.#finish(this.#infix(step, frame.kept![0]!, this.#value));
        this.#keep(frame);
        return this.#enter(frame.at === 0 ? step.left : step.right);
      case "not":
        return this.#taken() ? this.#finish(!truth(this.#value)) : this.#enter(step.child);
      case "while":
        if (this.#taken()) {
          if (frame.at === 1) this.#again(frame);
          else if (truth(this.#value)) frame.at = 1;
          else return this.#finish(null);
        }
        return this.#enter(frame.at === 0 ? step.condition : step.body);
      case "if":
        return this.#if(frame, step);
      case "assign":
        this.#keep(frame);
        if (frame.at === 0) return this.#enter(step.value);
        if (frame.at === 1 && step.index !== null) return this.#enter(step.index);
        this.#assign(step.module, step.name, frame.kept!);
        return this.#finish(null);
      case "index":
        if (frame.at === 0) {
          if (!this.#taken()) return this.#enter(step.of);
          frame.at = 1;
        }
        if (!this.#taken()) return this.#enter(step.index);
        return this.#finish(step.named ? this.#value : this.#element(this.#read(step.module, step.name), this.#value));
      case "exists":
        if (step.index !== null && !this.#taken()) return this.#enter(step.index);
        return this.#finish(this.#exists(step.module, step.name, step.index === null ? undefined : this.#value));
      case "array":
      case "map":
        this.#keep(frame);
        if (frame.at < step.parts.length) return this.#enter(step.parts[frame.at]!);
        return this.#finish(
          this.#heap.made(step.kind === "array" ? (frame.kept ?? []) : record(step.names, frame.kept)),
        );
      case "call":
        this.#keep(frame);
        if (frame.at < step.parts.length) return this.#enter(step.parts[frame.at]!);
        return step.module === null ? this.#callBuiltin(frame, step) : this.#callHost(frame, step, step.module);
      default:
        throw new Error(`a step of kind ${step.kind} has no parts`);
    }
  }

  #infix(step: Step & { kind: "infix" }, left: Value, right: Value): Value {
    if (typeof left !== "number") this.#heap.work += this.#heap.bytes(left) + this.#heap.bytes(right);
    return infix(step.op, left, right);
  }

  #if(frame: OpenFrame, step: Step & { kind: "if" }): Outcome | undefined {
    if (this.#taken()) {
      if (frame.at % 2 === 1) return this.#finish(null);
      frame.at += truth(this.#value) ? 1 : 2;
    }
    const branch = step.branches[frame.at >> 1];
    if (branch !== undefined) return this.#enter(frame.at % 2 === 0 ? branch.condition : branch.body);
    if (step.otherwise === null) return this.#finish(null);
    // Odd: what comes back from the last body is not a condition.
    frame.at |= 1;
    return this.#enter(step.otherwise);
  }

  #goto(label: string): Outcome | undefined {
    const at = this.#compiled.labels.get(label);
    if (at === undefined) throw notDefined("label", label);
    this.#stack = [{ step: 0, at, started: this.#stack[0]!.started! }];
    this.#keptBytes = 0;
    return this.#reenter();
  }

  #leaveBody(how: "continue" | "break"): undefined {
    let depth = this.#stack.length - 1;
    while (depth >= 0 && this.#step(this.#stack[depth]!.step).kind !== "while") depth -= 1;
    if (depth < 0) throw fatal(`${how} stands outside a loop`);
    this.#stack.length = depth + 1;
    this.#keptBytes = this.#sizeOfKept();
    if (how === "break") return this.#finish(null);
    this.#again(this.#stack[depth]!);
    return undefined;
  }

  /** Goes back to the condition of a loop, and to its line. */
  #again(loop: OpenFrame): void {
    loop.at = 0;
    for (let depth = this.#stack.length - 2; depth >= 0; depth -= 1) {
      const around = this.#step(this.#stack[depth]!.step);
      if (around.kind !== "entry") continue;
      this.#line = around.line;
      return;
    }
  }

  #read(module: string | null, name: string): Value {
    if (module === null) return this.#variables.need(name);
    const answer = this.#host.read(module, name);
    if (typeof answer === "object") return this.#heap.checked(answer.value);
    if (answer === "write_only") throw badParameter("target", `${module}.${name} can be set, but not read`);
    throw answer === "no_module" ? notDefined("module", module) : notDefined("value", name, module);
  }

  #element(container: Value, index: Value): Value {
    if (Array.isArray(container)) return container[position(container as Value[], index, "index")] as Value;
    if (!isContainer(container)) throw badParameter("target", `a value of type ${kindOf(container)} has no elements`);
    if (typeof index !== "string")
      throw badParameter("index", `the key of a map is a text, not of type ${kindOf(index)}`);
    const key = storedKey(index);
    const map = container as Readonly<Record<string, Value>>;
    if (!Object.hasOwn(map, key)) throw badParameter("index", `the map has no entry "${index}"`);
    return map[key]!;
  }

  #exists(module: string | null, name: string, index: Value | undefined): boolean {
    if (module === null ? !this.#variables.has(name) : typeof this.#host.read(module, name) === "string") return false;
    if (index === undefined) return true;
    try {
      this.#element(this.#read(module, name), index);
      return true;
    } catch (thrown) {
      if (thrown instanceof ScriptFault) return false;
      throw thrown;
    }
  }

  #assign(module: string | null, name: string, [value, index]: readonly Value[]): void {
    if (module === null) {
      if (index === undefined) this.#variables.set(name, value!);
      else this.#variables.setElement(name, index, value!);
      return;
    }
    if (index !== undefined) throw badParameter("target", `an element of ${module}.${name} cannot be set by itself`);
    const answer = this.#host.write(module, name, value!);
    if (answer === "written") return;
    if (answer === "read_only") throw badParameter("target", `${module}.${name} can only be read`);
    throw answer === "no_module" ? notDefined("module", module) : notDefined("value", name, module);
  }

  #callBuiltin(frame: OpenFrame, step: CallStep): Outcome | undefined {
    // The waiting functions come by a second time.
    if (frame.call !== undefined && frame.call.wait !== "delay") return this.#finish(null);
    if (frame.call?.wait === "delay") return this.#delay(frame.call.until);
    if (!Object.hasOwn(BUILTINS, step.name)) throw notDefined("function", step.name);
    const args = record(step.names, frame.kept);
    checkArguments(step.name, args);
    if (ON_ARRAYS.has(step.name))
      return this.#finish(callOnArray(step.name, this.#place(step, args), args, this.#heap));
    if (step.name === "delay") {
      const until = this.#context.now + delayOf(args);
      frame.call = { wait: "delay", until };
      return this.#delay(until);
    }
    const message = messageOf(args);
    if (step.name === "fatal_error") throw fatal(message);
    const kind = step.name as "pause" | "error" | "message";
    frame.call = { wait: kind };
    return { kind, message };
  }

  #delay(until: number): Outcome | undefined {
    const left = until - this.#context.now;
    if (left <= 0) return this.#finish(null);
    return { kind: "waiting", message: `Waiting for ${Math.floor(left / 1000)} more seconds` };
  }

  /** What the argument `array` of a function names, or is. */
  #place(step: CallStep, args: Readonly<Record<string, Value>>): ArrayPlace {
    const part = this.#step(step.parts[step.names.indexOf("array")]!);
    if (part.kind === "place") return this.#variables.place(part.name);
    if (part.kind === "index" && part.named) {
      const index = args["array"]!;
      return this.#variables.elementPlace(part.name, index, (container) => this.#element(container, index));
    }
    const value = args["array"]!;
    return {
      read: () => value,
      change: (change) => change(this.#heap.own(value as Value[])),
    };
  }

  #callHost(frame: OpenFrame, step: CallStep, module: string): Outcome | undefined {
    const found = this.#host.functionOf(module, step.name, frame.call !== undefined);
    if (typeof found === "string") {
      throw found === "no_module" ? notDefined("module", module) : notDefined("function", step.name, module);
    }
    let call = frame.call as (CallState & { wait: "host" }) | undefined;
    if (call === undefined) {
      call = { wait: "host", state: found.setup(record(step.names, frame.kept), this.#context), dispatched: false };
      frame.call = call;
      // What the function needs is in its state now.
      delete frame.kept;
      this.#keptBytes = this.#sizeOfKept();
    }
    return this.#askHost(frame, found, call);
  }

  #askHost(frame: OpenFrame, found: HostFunction, call: CallState & { wait: "host" }): Outcome | undefined {
    if (call.raised === true) return this.#finish(null);
    if (!found.done(call.state, this.#context)) {
      const state = found.tick?.(call.state, this.#context) ?? call.state;
      frame.call = { ...call, state };
      return { kind: "waiting", message: found.message(state, this.#context) };
    }
    const answer = found.value(call.state, this.#context);
    if ("value" in answer) return this.#finish(this.#heap.checked(answer.value));
    if (!answer.resumable) throw fatal(answer.failure);
    frame.call = { ...call, raised: true };
    return { kind: "error", message: answer.failure };
  }
}

function record(names: readonly string[], values: readonly Value[] = []): Record<string, Value> {
  const made: Record<string, Value> = {};
  for (const [at, name] of names.entries()) made[name] = values[at]!;
  return made;
}
