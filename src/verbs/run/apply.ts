import { createTail, limitedSignal } from "../../executor/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { type FunctionContext, moduleFunction } from "../../link/index.ts";
import { hasExpressions, renderArguments } from "../arg/index.ts";
import { type CommandEnd, runCommand } from "../command.ts";
import { RUN_FAILED } from "../errors.ts";
import { childEnvironment, onNode, type Surroundings, TASK_MARKER, taskMarker } from "../surroundings.ts";
import { cacheKey, type RunParameters, runParameters } from "./model.ts";

/** Bytes of each stream that come back in the result; all of it goes to the job's output. */
const RESULT_BYTES = 64 * 1024;
/** Bytes of each stream up to which a result is worth remembering. */
const CACHE_BYTES = 256 * 1024;

export function runFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "Runs a command with /bin/sh",
    parameters: runParameters,
    safeToRepeat: false,
    run: (parameters, context) => apply(parameters, context, surroundings),
  });
}

/** Throws `run_failed` with `{ exit_code }` or `{ signal }` in its details. */
async function apply(parameters: RunParameters, context: FunctionContext, surroundings: Surroundings): Promise<Json> {
  const command = hasExpressions(parameters.command)
    ? await renderArguments(parameters.command, await surroundings.arguments.all())
    : parameters.command;
  const folder = onNode(surroundings, parameters.folder ?? ".");
  const key = cacheKey(parameters, command, folder);
  if (parameters.cache === "use") {
    const known = await surroundings.cache.get(key);
    if (known !== undefined) {
      context.output("stdout", Buffer.from(known.stdout));
      context.output("stderr", Buffer.from(known.stderr));
      context.message(`not run: it succeeded here before, at ${new Date(known.at).toISOString()}`);
      await remember(parameters, known, surroundings);
      return { exit_code: 0, ...known, cached: true };
    }
  }
  const tails = { stdout: createTail(CACHE_BYTES), stderr: createTail(CACHE_BYTES) };
  // A secret must not be cut in two by what is kept of the output: its half would not be known any more.
  const hiding = { stdout: context.hiding?.(), stderr: context.hiding?.() };
  const limit = limitedSignal(context, parameters.timeout);
  const end = await limit.within(
    runCommand({
      program: "/bin/sh",
      arguments: ["-c", command],
      folder,
      environment: childEnvironment(surroundings, {
        ...parameters.environment,
        [TASK_MARKER]: taskMarker(context.key),
      }),
      signal: limit.signal,
      clock: context.clock,
      async output(stream, chunk) {
        tails[stream].push(hiding[stream]?.push(chunk) ?? chunk);
        context.output(stream, chunk);
        await context.room?.();
      },
    }),
  );
  for (const stream of ["stdout", "stderr"] as const) tails[stream].push(hiding[stream]?.end() ?? new Uint8Array(0));
  const whole = { stdout: tails.stdout.text(), stderr: tails.stderr.text() };
  // Also of a command that failed: what it said is often the reason to look.
  await remember(parameters, whole, surroundings);
  if (end.code !== 0) throw failure(end);
  if (parameters.cache !== "none" && !tails.stdout.cut && !tails.stderr.cut) {
    await surroundings.cache.put(key, { ...whole, at: context.clock.now() });
  }
  return {
    exit_code: 0,
    stdout: tails.stdout.text(RESULT_BYTES),
    stderr: tails.stderr.text(RESULT_BYTES),
    cached: false,
  };
}

async function remember(
  parameters: RunParameters,
  said: { stdout: string; stderr: string },
  surroundings: Surroundings,
): Promise<void> {
  const values: Record<string, Json> = {};
  if (parameters.stdout_arg !== undefined) values[parameters.stdout_arg] = said.stdout.trim();
  if (parameters.stderr_arg !== undefined) values[parameters.stderr_arg] = said.stderr.trim();
  if (Object.keys(values).length > 0) await surroundings.arguments.set(values);
}

function failure(end: CommandEnd): GantryError {
  if (end.code === null) {
    return new GantryError(RUN_FAILED, `the command was ended by ${end.signal}`, { details: { signal: end.signal } });
  }
  return new GantryError(RUN_FAILED, `the command ended with exit code ${end.code}`, {
    details: { exit_code: end.code },
  });
}
