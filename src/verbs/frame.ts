import { limitedSignal } from "../executor/index.ts";
import { type ErrorKind, GantryError, messageOf } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { type FunctionContext, type ModuleFunction, moduleFunction } from "../link/index.ts";
import { cacheKey } from "./cache.ts";
import { pause } from "./clock.ts";
import { ARGUMENT_UNDEFINED, SENSITIVE_FAILED, VERB_TEXT_WRONG } from "./errors.ts";
import type { CommonParameters, VerbPlan, VerbResult } from "./model.ts";
import { extendOverlay, overlaid, type Overlay, overlayOf } from "./overlay.ts";
import type { Values } from "./render.ts";
import { listen, type Listening } from "./said.ts";
import { onNode, type Surroundings } from "./surroundings.ts";
import { actingUser } from "./users.ts";
import { COMMON_TEXTS, holdTemplates, readShared, renderParameters, type Shared, valuesOf } from "./values.ts";
import type { Known, Verb, VerbContext } from "./verb.ts";

/** What all verbs have in common when they run: values, user, folder, time-outs, further attempts, the cache, plans. */

/** A verb as a function of the module `agent`. */
export function verbFunction(verb: Verb, surroundings: Surroundings): ModuleFunction {
  return moduleFunction({
    summary: verb.summary,
    parameters: verb.parameters,
    safeToRepeat: verb.safeToRepeat,
    ...(verb.survivesRestart === undefined ? {} : { survivesRestart: verb.survivesRestart }),
    ...(verb.observes === undefined ? {} : { observes: verb.observes }),
    run: (parameters, context) => runVerb({ verb, surroundings, context, given: parameters }),
  });
}

interface Call {
  readonly verb: Verb;
  readonly surroundings: Surroundings;
  readonly context: FunctionContext;
  readonly given: CommonParameters;
}

async function runVerb(call: Call): Promise<Json> {
  const { verb, context, given } = call;
  const problem = verb.problem(given);
  if (problem !== undefined) throw new GantryError(VERB_TEXT_WRONG, `${verb.names[0]}: ${problem}`);
  const shared = readShared(context.shared);
  if (given.sensitive === true) return silently(call, shared);
  return shared.plan ? planned(call, shared) : done(call, shared);
}

/** Only how it ended is told, whatever it writes, answers or fails with. */
async function silently(call: Call, shared: Shared): Promise<Json> {
  const context: FunctionContext = { ...call.context, output: () => undefined, message: () => undefined };
  const quiet = { ...call, context };
  try {
    const value = shared.plan ? await planned(quiet, shared) : await done(quiet, shared);
    return { changed: value["changed"] ?? false, ...pick(value, ["exit_code"]), sensitive: true };
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    const details = error instanceof GantryError ? pick(error.details, ["exit_code", "signal"]) : {};
    const how = error instanceof GantryError ? ` (${error.code})` : "";
    throw new GantryError(
      SENSITIVE_FAILED,
      `${call.verb.names[0]} failed${how}; it is sensitive, so nothing more is told`,
      {
        details,
      },
    );
  }
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name] as Json]])));
}

async function done(call: Call, shared: Shared): Promise<JsonObject> {
  const { parameters, contextFor } = await settled(call, shared, undefined);
  const key = isKept(call, parameters) ? await keyOf(call, parameters, contextFor) : undefined;
  if (key !== undefined && parameters.cache === "use" && !shared.ignoreCache) {
    const earlier = await replay(call, parameters, key);
    if (earlier !== undefined) return earlier;
  }
  const { result, said } = await attempts(call, parameters, contextFor);
  if (key !== undefined && !said.cut("stdout") && !said.cut("stderr")) {
    const found = {
      verb: call.verb.function,
      text: textOf(call.verb, parameters),
      value: result,
      stdout: said.text("stdout"),
      stderr: said.text("stderr"),
      at: call.context.clock.now(),
    };
    // What was done is done, also when there is no room to remember it.
    await call.surroundings.cache
      .put(key, found)
      .catch((error: unknown) => call.context.message(`its result cannot be remembered: ${messageOf(error)}`));
  }
  return call.verb.cacheable === true ? { ...result, cached: false } : result;
}

interface Settled {
  readonly parameters: CommonParameters;
  contextFor(context: FunctionContext, said: Listening): VerbContext;
}

/** The call with everything it depends on found out: templates filled in, user, folder, environment. */
async function settled(call: Call, shared: Shared, overlay: Overlay | undefined): Promise<Settled> {
  const { verb, surroundings, given } = call;
  function values(withFacts: boolean): Promise<Values> {
    return valuesOf(given.values, shared, surroundings, overlay, withFacts);
  }
  // A script fills in its own values, and what it gives may hold braces: a password, above all.
  const isScript = call.context.item === undefined;
  const isPlain = !holdTemplates(verb.texts, given) && (isScript || !holdTemplates(COMMON_TEXTS, given));
  const texts = isScript ? verb.texts : [...verb.texts, ...COMMON_TEXTS];
  const parameters = isPlain ? given : checked(verb, await renderParameters(texts, given, values));
  const user = parameters.user === undefined ? undefined : await actingUser(parameters.user);
  async function remembered<Kind extends keyof Known>(kind: Kind): Promise<Known[Kind]> {
    const store = kind === "arguments" ? surroundings.arguments : surroundings.variables;
    return overlaid(await store.all(), overlay, kind) as Known[Kind];
  }
  const known = await remembered("environment");
  const environment = parameters.environment === undefined ? known : { ...known, ...parameters.environment };
  const cwd = parameters.cwd === undefined ? surroundings.home : onNode(surroundings, parameters.cwd);
  return {
    parameters,
    contextFor: (context, said) => ({
      ...context,
      surroundings,
      values: () => values(true),
      known: remembered,
      cwd,
      path: (path) => onNode({ home: cwd }, path),
      user,
      environment,
      said,
      output(stream, chunk) {
        said.push(stream, chunk);
        context.output(stream, chunk);
      },
    }),
  };
}

/** What was filled in may be wrong only now. */
function checked(verb: Verb, rendered: CommonParameters): CommonParameters {
  const result = verb.strict.safeParse(rendered);
  if (result.success) return result.data as CommonParameters;
  const [issue] = result.error.issues;
  const text = `${verb.names[0]}: ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`;
  throw new GantryError(VERB_TEXT_WRONG, text);
}

/** Milliseconds a verb that was stopped has to come to its end before it is given up. */
const PATIENCE = 10_000;

/** The verb, and again as often as was asked for while it fails. What it said is remembered, also when it failed: it is the reason to look. */
async function attempts(
  call: Call,
  parameters: CommonParameters,
  contextFor: Settled["contextFor"],
): Promise<{ result: VerbResult; said: Listening }> {
  const { verb, context } = call;
  const most = 1 + (verb.retries === true ? 0 : (parameters.retry ?? 0));
  for (let attempt = 1; ; attempt += 1) {
    const said = listen(context);
    let result: VerbResult | undefined;
    let error: unknown;
    try {
      result = await inTime(context, parameters, (limited) => verb.apply(parameters, contextFor(limited, said)));
    } catch (thrown) {
      error = thrown;
    }
    said.end();
    if (isRemembered(parameters)) await remember(call.surroundings, parameters, said);
    if (result !== undefined) return { result, said };
    if (context.signal.aborted || attempt >= most) throw attempt === 1 ? error : counted(error, attempt);
    const wait = parameters.retry_wait ?? 0;
    context.message(`attempt ${attempt} of ${most} failed: ${messageOf(error)}; again in ${wait} s`);
    await pause(context.clock, wait * 1000, context.signal);
  }
}

function counted(error: unknown, attempts: number): unknown {
  if (!(error instanceof GantryError)) return error;
  return new GantryError(error.kind, `${error.message}, also in attempt ${attempts}`, {
    details: { ...error.details, attempts },
    hint: error.hint,
    cause: error,
  });
}

/** One attempt, or a plan, within the time-out that the verb was given. */
function inTime<Result>(
  context: FunctionContext,
  { timeout }: CommonParameters,
  work: (context: FunctionContext) => Promise<Result>,
): Promise<Result> {
  if (timeout === undefined) return work(context);
  const limit = limitedSignal(context, timeout);
  const limited = { ...context, signal: limit.signal };
  return limit.within(Promise.race([work(limited), givenUp(context, limit.signal)]));
}

/** Rejects when something did not end although it was stopped. */
function givenUp({ clock }: FunctionContext, signal: AbortSignal): Promise<never> {
  const never = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => clock.after(PATIENCE, () => reject(signal.reason)), { once: true });
  });
  never.catch(() => undefined);
  return never;
}

/** `--stdout-arg` and `--stderr-arg`. */
function isRemembered(parameters: CommonParameters): boolean {
  return parameters.stdout_arg !== undefined || parameters.stderr_arg !== undefined;
}

async function remember(surroundings: Surroundings, parameters: CommonParameters, said: Listening): Promise<void> {
  const values: Record<string, Json> = {};
  if (parameters.stdout_arg !== undefined) values[parameters.stdout_arg] = said.text("stdout").trim();
  if (parameters.stderr_arg !== undefined) values[parameters.stderr_arg] = said.text("stderr").trim();
  await surroundings.arguments.set(values);
}

/** Parameters that do not change what a good result is; of `values`, what was filled in counts. */
const NOT_IN_KEYS: readonly string[] = ["timeout", "retry", "retry_wait", "cache", "values", "sensitive"];

/** Whether an earlier result may stand in, or this one be kept. */
function isKept({ verb, context }: Call, { cache = "none", sensitive }: CommonParameters): boolean {
  return verb.cacheable === true && cache !== "none" && sensitive !== true && context.hiding === undefined;
}

async function keyOf(
  { verb, context }: Call,
  parameters: CommonParameters,
  contextFor: Settled["contextFor"],
): Promise<string> {
  const what = Object.fromEntries(Object.entries(parameters).filter(([name]) => !NOT_IN_KEYS.includes(name)));
  const within = contextFor(context, listen(context));
  const content = await verb.content(parameters, within);
  return cacheKey([verb.function, what as JsonObject, within.cwd, within.environment, content]);
}

/** An earlier good result of the very same call, with its output. */
async function replay(
  { surroundings, context }: Call,
  parameters: CommonParameters,
  key: string,
): Promise<JsonObject | undefined> {
  const known = await surroundings.cache.get(key);
  if (known === undefined) return undefined;
  const said = listen(context);
  for (const stream of ["stdout", "stderr"] as const) {
    const bytes = Buffer.from(known[stream]);
    if (bytes.length === 0) continue;
    said.push(stream, bytes);
    context.output(stream, bytes);
  }
  context.message(`not run: it succeeded here before, at ${new Date(known.at).toISOString()}`);
  said.end();
  if (isRemembered(parameters)) await remember(surroundings, parameters, said);
  return { ...known.value, changed: false, cached: true };
}

/** What a person would know it by. */
function textOf(verb: Verb, parameters: CommonParameters): string {
  const value = (parameters as Readonly<Record<string, unknown>>)[verb.texts[0] ?? ""];
  return (typeof value === "string" ? value : JSON.stringify(value ?? {})).slice(0, 200);
}

async function planned(call: Call, shared: Shared): Promise<JsonObject> {
  const { given, context } = call;
  const overlay = overlayOf(context.shared ?? {});
  const plan = await planOf(call, shared, overlay);
  extendOverlay(overlay, plan, [given.stdout_arg, given.stderr_arg]);
  const { changed, diff, message, later } = plan;
  const text = message ?? (later === undefined ? undefined : `what it sets is known only when it runs: ${later}`);
  return { changed, diff, ...(text === undefined ? {} : { message: text }) };
}

async function planOf(call: Call, shared: Shared, overlay: Overlay): Promise<VerbPlan> {
  const { verb, context, surroundings } = call;
  try {
    const { parameters, contextFor } = await settled(call, shared, overlay);
    const isAsked = !shared.ignoreCache && parameters.cache === "use" && isKept(call, parameters);
    const key = isAsked ? await keyOf(call, parameters, contextFor) : undefined;
    if (key !== undefined && (await surroundings.cache.get(key)) !== undefined)
      return { changed: false, diff: "", message: "an earlier result would stand in for it" };
    return await inTime(context, parameters, (limited) => verb.plan(parameters, contextFor(limited, listen(limited))));
  } catch (error) {
    const missing = laterNames(error, ARGUMENT_UNDEFINED, overlay);
    if (missing === undefined) throw error;
    return { changed: "unknown", diff: "", message: `${missing} is known only when it runs` };
  }
}

/** Whether something is undefined only because nothing has run yet. */
function laterNames(error: unknown, kind: ErrorKind, overlay: Overlay): string | undefined {
  if (!(error instanceof GantryError) || error.kind !== kind) return undefined;
  const names = error.details["names"] as readonly string[] | undefined;
  const unknown = names?.find((name) => overlay.unknown.has(name));
  if (unknown !== undefined) return unknown;
  return overlay.later && names !== undefined ? names[0] : undefined;
}
