import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { VERB_TEXT_WRONG } from "../errors.ts";
import type { CommonParameters } from "../model.ts";
import { type ProgramOptions, runProgram } from "../program.ts";
import type { VerbContext } from "../verb.ts";
import { createLines, readLine } from "./answers.ts";
import type { OpenedVerb } from "./cache.ts";
import { CUSTOM_VERB_FAILED, CUSTOM_VERB_REFUSED } from "./errors.ts";
import { harnessArguments } from "./harness.ts";
import { checkInput, type VerbInput } from "./manifest.ts";
import type { CustomParameters } from "./model.ts";

/** Runs a verb of one's own: signed, checked, in a process of its own. */

export type CustomCall = CustomParameters & CommonParameters;

/** Throws `custom_verb_refused`. */
export async function openedVerb(parameters: CustomCall, context: VerbContext): Promise<OpenedVerb> {
  const server = await context.surroundings.server();
  if (server === undefined)
    throw new GantryError(CUSTOM_VERB_REFUSED, "this agent belongs to no server, so it trusts nobody's verbs");
  const { package: sha256, verb: name } = parameters;
  const verb = await context.surroundings.verbs.open(sha256, () => context.content(sha256), {
    ...server,
    now: context.clock.now(),
  });
  if (verb.manifest.name !== name)
    throw new GantryError(CUSTOM_VERB_REFUSED, `the package is verb ${verb.manifest.name}, not ${name}`);
  return verb;
}

/** With what was filled in: now it can be checked. */
export function inputOf({ manifest }: OpenedVerb, { options, text }: CustomCall): VerbInput {
  const input = checkInput(manifest, { options: options as JsonObject, text });
  if (typeof input === "string") throw new GantryError(VERB_TEXT_WRONG, `${manifest.name}: ${input}`);
  return input;
}

/** Throws `custom_verb_failed` with `{ exit_code }` in its details. */
export async function askVerb(
  action: "apply" | "plan",
  verb: OpenedVerb,
  input: VerbInput,
  context: VerbContext,
): Promise<JsonObject> {
  let result: JsonObject = {};
  let problem: string | undefined;
  const lines = createLines((line) => {
    const said = readLine(line);
    if (said.kind === "result") result = said.value;
    else if (said.kind === "error") problem = said.text;
    else if (said.kind === "message") context.message(said.text);
    else if (action === "apply") context.output("stdout", Buffer.from(said.text));
  });
  const document: JsonObject = {
    action,
    verb: verb.manifest.name,
    options: input.options,
    text: input.text,
    plan: action === "plan",
    cwd: context.cwd,
    values: (await context.values()) as Record<string, Json>,
  };
  const end = await withFile(verb, context, (program) =>
    runProgram(context, {
      ...program,
      input: Buffer.from(JSON.stringify(document)),
      output: (stream, chunk) => (stream === "stdout" ? lines.push(chunk) : context.output("stderr", chunk)),
    }),
  );
  lines.end();
  if (end.code === 0 && problem === undefined) return isJsonObject(result) ? result : {};
  const how = end.code === null ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
  throw new GantryError(CUSTOM_VERB_FAILED, `${verb.manifest.name}: ${problem ?? `its process ${how}`}`, {
    details: end.code === null ? { signal: end.signal } : { exit_code: end.code },
  });
}

/** Another user may not look into the agent's folder: for it the file stands elsewhere meanwhile. */
async function withFile<Result>(
  verb: OpenedVerb,
  context: VerbContext,
  act: (program: Pick<ProgramOptions, "program" | "arguments">) => Promise<Result>,
): Promise<Result> {
  if (context.user === undefined) return act(programOf(verb, verb.path));
  const folder = await mkdtemp(join(tmpdir(), "gantry-verb-"));
  try {
    await chmod(folder, 0o755);
    const path = join(folder, verb.file);
    await copyFile(verb.path, path);
    await chmod(path, 0o755);
    return await act(programOf(verb, path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function programOf(verb: OpenedVerb, path: string): Pick<ProgramOptions, "program" | "arguments"> {
  if (verb.kind === "program") return { program: path, arguments: [] };
  return { program: process.execPath, arguments: harnessArguments(path) };
}
