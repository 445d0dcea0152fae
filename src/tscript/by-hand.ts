import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf, placeText, problemText } from "../kernel/errors.ts";
import type { Problem } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { check } from "./check.ts";
import { compileTree } from "./compile.ts";
import { SCRIPT_FAILED, SCRIPT_FILE, VARIABLE_OPTION } from "./errors.ts";
import { fatal } from "./fault.ts";
import { Heap } from "./heap.ts";
import type { Host } from "./host.ts";
import { run } from "./machine.ts";
import { parseOrThrow } from "./parse.ts";
import type { Catalogue } from "./program-model.ts";
import { startState } from "./state.ts";
import type { Outcome, ScriptState } from "./state.ts";
import { fromPlain, textOf, toPlain } from "./values.ts";
import type { Value } from "./values.ts";

/** Takes one line, without its end. */
type WriteLine = (line: string) => void;

/** Gives the text of a file, or throws. */
type ReadText = (file: string) => string;

/** Steps between two looks at the world, so that Ctrl-C works while a script loops. */
const BUDGET = 100_000;

export interface CheckOptions {
  readonly read: ReadText;
  readonly write: WriteLine;
  /** With it, modules, their functions and values are checked too. */
  readonly catalogue?: Catalogue;
}

/**
 * `gantry tscript check FILE…`: writes every problem as `file:line:column: what is wrong (code)`, by file and place. Exit code 0 when
 * there is none, else 1.
 */
export function checkFiles(files: readonly string[], options: CheckOptions): number {
  const problems = files.flatMap((file) => {
    const text = textOfFile(file, options.read);
    return typeof text === "string" ? check(text, file, options.catalogue) : [text];
  });
  for (const problem of problems) options.write(problemText(withHint(problem)));
  return problems.length === 0 ? 0 : 1;
}

function withHint(problem: Problem): Problem {
  return problem.hint === undefined ? problem : { ...problem, message: `${problem.message}; ${problem.hint}` };
}

function textOfFile(file: string, read: ReadText): string | Problem {
  try {
    return read(file);
  } catch (thrown) {
    return { code: SCRIPT_FILE.code, message: `cannot be read: ${messageOf(thrown)}`, where: { file } };
  }
}

export interface RunOptions {
  readonly read: ReadText;
  readonly write: WriteLine;
  /** Each `NAME=VALUE`; a value that is JSON is taken as such, any other is a text. */
  readonly variables: readonly string[];
  readonly output: "table" | "json";
  readonly clock: Clock;
}

/**
 * `gantry tscript run FILE`: runs a script that needs no worker, writes its messages as they come and its variables at the end. A
 * `delay` really waits. Exit code 0 when the script came to its end; 1, with a line that says why, when it paused or failed. Throws a
 * GantryError for a file that cannot be read, a script that does not parse, and a bad variable.
 */
export async function runFile(file: string, options: RunOptions): Promise<number> {
  const { write } = options;
  const text = textOfFile(file, options.read);
  if (typeof text !== "string") throw new GantryError(SCRIPT_FILE, problemText(text), { where: { file } });
  const compiled = compileTree(parseOrThrow(text, file), text, file);
  const variables = variablesFrom(options.variables);
  let state = startState(compiled, variables, new Heap().bytes(variables));
  for (;;) {
    const now = options.clock.now();
    const step = run(compiled, state, NO_WORKERS, { now, budget: BUDGET });
    state = step.state;
    if (step.outcome.kind === "message") write(step.outcome.message);
    else if (step.outcome.kind === "timeout") await sleep(options.clock, 0);
    else if (step.outcome.kind === "waiting") await sleep(options.clock, delayEnd(state) - now);
    else if (step.outcome.kind === "end") break;
    else {
      const where = { file, ...(state.line === null ? {} : { line: state.line }) };
      write(`${placeText(where)}: ${stopText(step.outcome)} (${SCRIPT_FAILED.code})`);
      return 1;
    }
  }
  writeVariables(state.variables, options.output, write);
  return 0;
}

/** What a script finds that is run without a server. */
const NO_WORKERS: Host = {
  functionOf(module, name) {
    throw fatal(`${module}.${name} is done by a worker; this command has none`);
  },
  read: noServer,
  write: noServer,
};

function noServer(module: string, name: string): never {
  throw fatal(`${module}.${name} is a value of a job's target; this command has none: give it as a variable`);
}

function stopText(outcome: Outcome): string {
  if (!("message" in outcome)) return outcome.kind;
  return outcome.kind === "pause" ? `paused, and nobody can resume it here: ${outcome.message}` : outcome.message;
}

function variablesFrom(options: readonly string[]): Record<string, Value> {
  const variables: Record<string, Value> = {};
  for (const option of options) {
    const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]+)=(.*)$/s.exec(option) ?? [];
    if (name === undefined || text === undefined || name === "__proto__") {
      throw new GantryError(VARIABLE_OPTION, `"${option}" is not NAME=VALUE with a name of two or more characters`);
    }
    variables[name] = valueFrom(text);
  }
  return variables;
}

function valueFrom(text: string): Value {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  try {
    return fromPlain(json);
  } catch (thrown) {
    throw new GantryError(VARIABLE_OPTION, messageOf(thrown));
  }
}

function delayEnd(state: ScriptState): number {
  const call = state.stack.at(-1)?.call;
  return call?.wait === "delay" ? call.until : 0;
}

/** A timer of the clock does not keep the process alive; this wait must. */
async function sleep(clock: Clock, milliseconds: number): Promise<void> {
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await new Promise<void>((resolve) => clock.after(milliseconds, resolve));
  } finally {
    clearInterval(alive);
  }
}

function writeVariables(variables: Readonly<Record<string, Value>>, output: "table" | "json", write: WriteLine): void {
  if (output === "json") {
    write(JSON.stringify(toPlain(variables), undefined, 2));
    return;
  }
  const names = Object.keys(variables).sort();
  if (names.length === 0) return;
  const width = Math.max("VARIABLE".length, ...names.map((name) => name.length));
  write(`${"VARIABLE".padEnd(width)}  VALUE`);
  for (const name of names) write(`${name.padEnd(width)}  ${textOf(variables[name]!)}`);
}
