import { GantryError } from "../../kernel/errors.ts";
import type { CommandEnd } from "../command.ts";
import { RUN_FAILED } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import { findProgram, runProgram } from "../program.ts";
import { TASK_MARKER } from "../surroundings.ts";
import type { VerbContext } from "../verb.ts";
import type { RunParameters } from "./model.ts";

/** Bytes of each stream that come back in the result; all of it goes to the job's output. */
const RESULT_BYTES = 64 * 1024;

/** Throws `run_failed` with `{ exit_code }` or `{ signal }` in its details. */
export async function applyRun(parameters: RunParameters, context: VerbContext): Promise<VerbResult> {
  if (parameters.no_block === true) return startRun(parameters.command, context);
  const end = await runProgram(context, { program: "/bin/sh", arguments: ["-c", parameters.command] });
  if (end.code !== 0) throw failure(end);
  const { said } = context;
  return {
    changed: true,
    exit_code: 0,
    stdout: said.text("stdout", RESULT_BYTES),
    stderr: said.text("stderr", RESULT_BYTES),
  };
}

/**
 * The shell that is waited for ends at once; the command goes on in a session of its own and without the task's mark, so that no later end
 * of the task reaches it.
 */
async function startRun(command: string, context: VerbContext): Promise<VerbResult> {
  const setsid = await findProgram("setsid");
  let told = "";
  const end = await runProgram(context, {
    program: "/bin/sh",
    arguments: [
      "-c",
      `unset ${TASK_MARKER}; "$@" </dev/null >/dev/null 2>&1 & echo $!`,
      "sh",
      ...(setsid === undefined ? [] : [setsid]),
      "/bin/sh",
      "-c",
      command,
    ],
    output: (_, chunk) => (told += Buffer.from(chunk).toString()),
  });
  if (end.code !== 0) throw failure(end);
  return { changed: true, pid: Number(told.trim()) };
}

function failure(end: CommandEnd): GantryError {
  if (end.code === null) {
    return new GantryError(RUN_FAILED, `the command was ended by ${end.signal}`, { details: { signal: end.signal } });
  }
  return new GantryError(RUN_FAILED, `the command ended with exit code ${end.code}`, {
    details: { exit_code: end.code },
  });
}
