import type { z } from "zod";
import { orAbort } from "../kernel/abort.ts";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { type ErrorKind, GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { FUNCTION_NOT_UNDOABLE } from "../link/index.ts";
import type { Ending, Failure, FunctionContext, Module, ModuleFunction, TaskMessage } from "../link/index.ts";
import {
  FUNCTION_CANCELLED,
  FUNCTION_FAILED,
  FUNCTION_INTERRUPTED,
  FUNCTION_TIMED_OUT,
  FUNCTION_UNKNOWN,
  MODULE_UNKNOWN,
  PARAMETERS_WRONG,
  RESULT_TOO_LARGE,
} from "./errors.ts";

/** One call of a module's function, from its parameters to how it ended. */

/** Why a call is to stop. */
export type StopReason = "cancelled" | "timed out" | "stopping" | "forgotten";

/** Milliseconds a stopped function has to come to its end before it is given up. */
const PATIENCE = 10_000;
/** Bytes of a result as JSON. */
const RESULT_LIMIT = 512 * 1024;

export function findFunction(modules: ReadonlyMap<string, Module>, moduleName: string, name: string): ModuleFunction {
  const module = modules.get(moduleName);
  if (module === undefined) throw new GantryError(MODULE_UNKNOWN, unknown("module", moduleName, [...modules.keys()]));
  const { functions } = module;
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return found;
  throw new GantryError(FUNCTION_UNKNOWN, unknown(`function of ${moduleName}`, name, Object.keys(functions)));
}

/** What a task asks for: the function, or its taking back. Errors: `module_unknown`, `function_unknown`, `function_not_undoable`. */
export function wantedOf(modules: ReadonlyMap<string, Module>, task: TaskMessage): ModuleFunction {
  const found = findFunction(modules, task.module, task.function);
  const { undo } = task;
  if (undo === undefined) return found;
  if (found.undo === undefined) {
    throw new GantryError(FUNCTION_NOT_UNDOABLE, `${task.module}.${task.function} cannot take back what it did`);
  }
  return { ...found, run: (parameters, context) => found.undo!(parameters, undo.value, context) };
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return `there is no ${what} named ${name}${close === undefined ? "" : `; did you mean ${close}?`}`;
}

/** Making a schema costs far more than checking with it. By function, and by the names of what is given; under no name for anything else. */
const strictSchemas = new WeakMap<ModuleFunction, Map<string, z.ZodObject>>();
/** Sets of names remembered of a function. */
const MOST_SETS = 32;

function strictSchema(wanted: ModuleFunction, given: Json): z.ZodObject {
  const known = strictSchemas.get(wanted) ?? new Map([["", wanted.parameters.strict()]]);
  strictSchemas.set(wanted, known);
  const names = isJsonObject(given) ? Object.keys(given) : [];
  const key = names.join(" ");
  const before = known.get(key);
  if (before !== undefined) return before;
  const schema = narrowed(wanted.parameters, names) ?? known.get("")!;
  if (schema !== known.get("") && known.size < MOST_SETS) known.set(key, schema);
  return schema;
}

/**
 * Most calls give one parameter of a dozen: those that may be left out, and then are nothing, need not be looked at for each. Undefined where
 * that changes what is checked.
 */
function narrowed(schema: z.ZodObject, names: readonly string[]): z.ZodObject | undefined {
  const { shape } = schema;
  if ((schema.def.checks?.length ?? 0) > 0 || !names.every((name) => Object.hasOwn(shape, name))) return undefined;
  const others = Object.keys(shape).filter((name) => !names.includes(name));
  if (!others.every((name) => isNothing((shape[name] as z.ZodType).safeParse(undefined)))) return undefined;
  const mask = Object.fromEntries(names.map((name) => [name, true]));
  return schema.pick(mask as Parameters<typeof schema.pick>[0]);
}

function isNothing(result: z.ZodSafeParseResult<unknown>): boolean {
  return result.success && result.data === undefined;
}

/** Throws `parameters_wrong`. */
function checkParameters(wanted: ModuleFunction, parameters: Json): unknown {
  const given = parameters ?? {};
  const result = strictSchema(wanted, given).safeParse(given);
  if (result.success) return result.data;
  throw new GantryError(PARAMETERS_WRONG, result.error.issues.map((issue) => issueText(issue, wanted)).join("; "));
}

function issueText(issue: z.core.$ZodIssue, wanted: ModuleFunction): string {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknown("parameter", key, Object.keys(wanted.parameters.shape))).join("; ");
  }
  const path = issue.path.join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

/** Stops a call, once, for one reason. */
export interface Stopper {
  readonly signal: AbortSignal;
  readonly reason: StopReason | undefined;
  stop(reason: StopReason): void;
  /** Starts the time-out. Returns how to end it. */
  limit(milliseconds: number | null, clock: Clock): CancelTimer;
}

export function createStopper(): Stopper {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  function stop(given: StopReason): void {
    if (reason !== undefined) return;
    reason = given;
    controller.abort(new Error(given));
  }
  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    stop,
    limit: (milliseconds, clock) =>
      milliseconds === null ? () => undefined : clock.after(milliseconds, () => stop("timed out")),
  };
}

/** Runs a function to its end. Never throws: whatever happens is an ending. */
export async function runCall(
  wanted: ModuleFunction,
  parameters: Json,
  context: FunctionContext,
  stopper: Stopper,
): Promise<Ending> {
  try {
    const checked = checkParameters(wanted, parameters);
    if (stopper.reason !== undefined) return stoppedEnding(stopper.reason);
    const value = await patiently(wanted.run(checked, context), stopper, context.clock);
    const size = Buffer.byteLength(JSON.stringify(value) ?? "null");
    if (size > RESULT_LIMIT) {
      throw new GantryError(RESULT_TOO_LARGE, `the result has ${size} bytes; ${RESULT_LIMIT} is the most`);
    }
    return { outcome: "done", value: value ?? null };
  } catch (error) {
    if (stopper.reason !== undefined) return stoppedEnding(stopper.reason, error);
    return { outcome: "failed", error: failureOf(error) };
  }
}

/** The function's own end; or, when it was stopped and does not come to one by itself, an error after a while. */
function patiently<Result>(work: Promise<Result>, { signal }: Stopper, clock: Clock): Promise<Result> {
  return orAbort(work, signal, ({ reject }) => {
    clock.after(PATIENCE, () => reject(new Error(`it did not stop within ${PATIENCE} ms`)));
  });
}

const STOPPED: Readonly<Record<StopReason, { outcome: Ending["outcome"]; kind: ErrorKind; text: string }>> = {
  cancelled: { outcome: "cancelled", kind: FUNCTION_CANCELLED, text: "cancelled" },
  "timed out": { outcome: "failed", kind: FUNCTION_TIMED_OUT, text: "it took longer than its time-out" },
  stopping: { outcome: "interrupted", kind: FUNCTION_INTERRUPTED, text: "the worker or agent was stopped" },
  // Nobody hears this one.
  forgotten: { outcome: "cancelled", kind: FUNCTION_CANCELLED, text: "no longer wanted" },
};

/** What the function itself had to say on its way out goes into the message. */
export function stoppedEnding(reason: StopReason, error?: unknown): Ending {
  const { outcome, kind, text } = STOPPED[reason];
  const own = error instanceof GantryError ? failureOf(error) : undefined;
  return {
    outcome,
    error: {
      code: kind.code,
      message: own === undefined ? text : `${text}: ${own.message}`,
      ...(own?.details === undefined ? {} : { details: own.details }),
    },
  };
}

const CUT_OFF = "the worker or agent stopped while it ran, and cannot say how far it came";

/** Nobody can say how it ended. @param message why, for the user */
export function interruptedEnding(message = CUT_OFF): Ending {
  return { outcome: "interrupted", error: { code: FUNCTION_INTERRUPTED.code, message } };
}

/** Bytes of an error's message: it goes into rows and logs. */
const MESSAGE_LIMIT = 16 * 1024;

export function failureOf(error: unknown): Failure {
  const message = messageOf(error).slice(0, MESSAGE_LIMIT);
  if (!(error instanceof GantryError)) return { code: FUNCTION_FAILED.code, message };
  const details = jsonDetails(error.details);
  return { code: error.code, message, ...(Object.keys(details).length === 0 ? {} : { details }) };
}

function jsonDetails(details: Readonly<Record<string, unknown>>): JsonObject {
  const text = JSON.stringify(details);
  return text.length > RESULT_LIMIT ? {} : (JSON.parse(text) as JsonObject);
}
