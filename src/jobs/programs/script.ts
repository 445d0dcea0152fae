import { GantryError } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type {
  AdvanceOutput,
  CompiledScript,
  ProgressEntry as ScriptProgress,
  ScriptProgram,
} from "../../tscript/index.ts";
import { callName, placeOfLine } from "../model.ts";
import type { ProgramSource, ProgressEntry } from "../model.ts";
import type { Advance, AdvanceInput, Program, ProgramLoader, ProgramStatus } from "../program.ts";

/** TScript as a program of the engine. */
export function scriptLoader(language: ScriptProgram): ProgramLoader {
  return {
    load(source: ProgramSource): Program {
      if (source.kind !== "script") throw new Error(`a program of kind ${source.kind} is not a script`);
      const compiled = compile(language, source);
      return {
        start: () => language.start(compiled),
        jump: (state, label, now) => language.jump(compiled, state as JsonObject, label, now),
        resume: (state) => language.resume(state as JsonObject),
        advance(state: Json, input: AdvanceInput): Advance {
          const results = input.results.map((one) => ({ call: one.call, ok: true as const, value: one.value }));
          return advanceOf(language.advance(compiled, state as JsonObject, { ...input, results }));
        },
      };
    },
  };
}

/** Problems of a script inside of a document point into the document. */
function compile(language: ScriptProgram, source: ProgramSource & { kind: "script" }): CompiledScript {
  try {
    return language.compile(source.text, source.name);
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    const problems = error.problems.map((one) => {
      const place = one.where?.line === undefined ? undefined : placeOfLine(source, one.where.line);
      return place === undefined ? one : { ...one, where: place };
    });
    throw new GantryError(error.kind, error.message, { problems, cause: error });
  }
}

function advanceOf(output: AdvanceOutput): Advance {
  return {
    state: output.state,
    calls: output.calls.map((one) => ({
      id: one.call,
      module: one.module,
      function: one.function,
      parameters: one.parameters,
      line: one.line,
    })),
    writes: output.writes,
    messages: output.messages,
    status: statusOf(output),
    line: output.line === 0 ? null : output.line,
    percent: output.percent,
    ...(output.remaining === undefined ? {} : { remaining: output.remaining }),
    progress: output.progress.map(progressOf),
  };
}

function statusOf(output: AdvanceOutput): ProgramStatus {
  switch (output.status) {
    case "running":
      return { kind: "running" };
    case "waiting":
      return { kind: "waiting", until: output.wakeAt ?? null, message: output.message };
    case "paused":
      return { kind: "paused", message: output.message };
    case "done":
      return { kind: "done" };
    case "failed":
      // `error(...)` asks a person to look and to go on; only what cannot go on is a failed job.
      return output.resumable
        ? { kind: "paused", message: output.message }
        : { kind: "failed", message: output.message };
  }
}

/** What a person wants to read of an entry: the words of the author, or the name of the function. */
function progressOf([percent, name, about]: ScriptProgress): ProgressEntry {
  if (!isJsonObject(about ?? undefined)) return { percent, name };
  if (name === "Function") {
    const { module, name: called } = about as { module?: string; name?: string };
    return { percent, name, description: callName({ module: module ?? null, function: called ?? "" }) };
  }
  const description = about!["description"];
  return typeof description === "string" ? { percent, name, description } : { percent, name };
}
