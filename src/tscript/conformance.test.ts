import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import type { Json } from "../kernel/json.ts";
import { compileTree } from "./compile.ts";
import type { Compiled } from "./compile.ts";
import { accept, dispatch, jump } from "./exchange.ts";
import type { Host } from "./host.ts";
import { run } from "./machine.ts";
import { parse } from "./parse.ts";
import { check, lint } from "./check.ts";
import { progressOf } from "./progress.ts";
import { startState } from "./state.ts";
import type { Outcome, ScriptState } from "./state.ts";
import { conformanceHost, testingValues } from "./conformance-host.suite.ts";
import type { HostValues } from "./conformance-host.suite.ts";
import type { Value } from "./values.ts";
import type { BlockNode } from "./model.ts";

/**
 * The recorded behaviour of the language. Vectors that are not followed stand here by name, with the reason. There are none: the
 * accidents the data names are all in merging, rendering and addresses. (What is left open there is chosen in README.md.)
 */
const NOT_FOLLOWED: Readonly<Record<string, string>> = {};

const root = join(import.meta.dirname, "../..");
const folder = resolve(root, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript");
const present = existsSync(folder);
if (!present) process.stderr.write(`skipped: no script vectors at ${folder}\n`);

function readCases<Case>(name: string): readonly Case[] {
  return present ? (JSON.parse(readFileSync(join(folder, name), "utf8")) as Case[]) : [];
}

interface ParseCase {
  readonly script: string;
  readonly valid: boolean;
  readonly ast?: Json;
  readonly problem?: string;
  readonly option?: string;
  readonly label?: string;
  readonly line?: number;
  readonly column?: number;
}

const CODES: Readonly<Record<string, string>> = {
  syntax: "tscript_syntax",
  block_option: "tscript_block_option",
  label_in_block: "tscript_label_in_block",
};

/** Checks the problems found against the one that is expected. */
function expectProblem(found: ReturnType<typeof lint>, wanted: Omit<ParseCase, "script" | "valid">): void {
  expect(found.map((one) => one.code)).toEqual([CODES[wanted.problem!]]);
  const { where, subject } = found[0]!;
  if (wanted.problem === "block_option") expect(subject).toBe(wanted.option);
  if (wanted.problem === "label_in_block") expect([subject, where.line]).toEqual([wanted.label, wanted.line]);
  if (wanted.problem !== "syntax") return;
  // At or after where the outermost statement begins.
  const after = where.line > wanted.line! || (where.line === wanted.line && where.column >= wanted.column!);
  expect(after, JSON.stringify(where)).toBe(true);
}

describe.skipIf(!present)("recorded scripts", () => {
  test("parse", () => {
    const cases = readCases<ParseCase>("parse.json");
    expect(cases.length).toBeGreaterThan(0);
    for (const one of cases) {
      const { ast, problems } = parse(one.script, { file: "case" });
      if (one.valid)
        expect({ ast: JSON.parse(JSON.stringify(ast)) as Json, problems }, one.script).toEqual({
          ast: one.ast,
          problems: [],
        });
      else expectProblem(problems, one);
    }
  });

  test("lint", () => {
    expect.hasAssertions();
    interface LintCase {
      readonly script: string;
      readonly problems: readonly (Omit<ParseCase, "problem"> & { readonly kind: string })[];
    }
    for (const { script, problems } of readCases<LintCase>("lint.json")) {
      const found = lint(script, { file: "case" });
      if (problems.length === 0) expect(found, script).toEqual([]);
      else expectProblem(found, { ...problems[0]!, problem: problems[0]!.kind });
    }
  });

  test("scripts of blueprints", () => {
    interface BlueprintFile {
      readonly name: string;
      readonly scripts: readonly { readonly name: string; readonly sha256: string; readonly accepted: boolean }[];
    }
    let seen = 0;
    for (const file of readCases<BlueprintFile>("blueprints/index.json")) {
      const document = parseToml(readFileSync(join(folder, "blueprints", file.name), "utf8"));
      const scripts = (document["script"] ?? {}) as Record<string, { readonly script: string }>;
      for (const { name, sha256, accepted } of file.scripts) {
        const text = scripts[name]!.script;
        expect(createHash("sha256").update(text).digest("hex"), name).toBe(sha256);
        expect(lint(text, { file: name }).length === 0, name).toBe(accepted);
        // The stricter check has nothing to say either: these scripts are in use.
        if (accepted) expect(check(text, name), name).toEqual([]);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(0);
  });
});

interface Step {
  readonly op: "run" | "dispatch" | "result" | "goto" | "reload";
  readonly at?: number;
  readonly budget?: number;
  readonly modules?: readonly string[];
  readonly cookie?: string;
  readonly data?: Json;
  readonly label?: string;
  readonly returns?: Json;
  readonly raises?: Readonly<Record<string, Json>> & { readonly kind: string };
  readonly variables: Json;
  readonly line?: number | null;
  readonly done: boolean;
  readonly aborted: boolean;
  readonly progress?: readonly (readonly [number, string, Json])[];
  readonly host_values?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

interface RunCase {
  readonly name: string;
  readonly script: string;
  readonly uses: readonly string[];
  readonly objects?: readonly { readonly name: string; readonly values: HostValues[string] }[];
  readonly initial_variables?: Record<string, Value>;
  readonly steps: readonly Step[];
}

interface Player {
  readonly compiled: Compiled;
  readonly host: Host;
  readonly values: HostValues;
  state: ScriptState;
}

function player(one: RunCase): Player {
  const { ast } = parse(one.script, { file: one.name });
  const compiled = compileTree(ast as BlockNode, one.script, one.name);
  const values: HostValues = one.uses.includes("testing") ? { testing: testingValues() } : {};
  for (const { name, values: entries } of one.objects ?? []) values[name] = structuredClone(entries);
  return {
    compiled,
    host: conformanceHost(values),
    values,
    state: startState(compiled, one.initial_variables ?? {}, 0),
  };
}

function reload(play: Player): void {
  play.state = JSON.parse(JSON.stringify(play.state)) as ScriptState;
}

/** Does one step and checks what it gives. */
function perform(play: Player, step: Step): void {
  const { compiled, host } = play;
  const now = (step.at ?? 0) * 1000;
  if (step.op === "reload") reload(play);
  if (step.op === "run") {
    const { state, outcome } = run(compiled, play.state, host, { now, budget: step.budget ?? 1000 });
    play.state = state;
    expectOutcome(outcome, step);
  }
  if (step.op === "dispatch") {
    const { state, work } = dispatch(compiled, play.state, host, step.modules!);
    play.state = state;
    const { call: _, ...rest } = work ?? { call: 0 };
    expect(work === null ? null : { ...rest, cookie: "current" }).toEqual(step.returns);
  }
  if (step.op === "result") {
    const id = step.cookie === "current" ? play.state.calls : -1;
    const { state, ...acceptance } = accept(compiled, play.state, host, { id, data: step.data ?? null, now });
    play.state = state;
    expect(acceptance).toEqual(step.returns);
  }
  if (step.op === "goto") play.state = jump(compiled, play.state, step.label!, now)!;
  expectState(play, step, now);
}

function expectOutcome(outcome: Outcome, step: Step): void {
  if (step.raises !== undefined) {
    const { message_contains: part, ...wanted } = step.raises;
    expect(outcome).toMatchObject(wanted);
    if (part !== undefined) expect("message" in outcome && outcome.message).toContain(part);
    // The member says that the module was there: without it, the module itself was missing.
    if (wanted.kind === "not_defined") expect("module" in outcome).toBe("module" in wanted);
    return;
  }
  if (step.returns === "") expect(outcome).toEqual({ kind: "end" });
  else if (step.returns === "done" || step.returns === "aborted")
    expect(outcome).toEqual({ kind: "over", how: step.returns });
  else {
    expect(["waiting", "message"]).toContain(outcome.kind);
    expect(outcome).toMatchObject({ message: step.returns });
  }
}

function expectState({ compiled, state, values }: Player, step: Step, now: number): void {
  expect(state.variables).toEqual(step.variables);
  expect([state.status === "done", state.status === "aborted"]).toEqual([step.done, step.aborted]);
  if ("line" in step) expect(state.line).toBe(step.line);
  if (step.progress !== undefined) {
    const progress = progressOf(compiled, state, now);
    expect(progress.map(([, name, description]) => [name, description])).toEqual(
      step.progress.map(([, ...rest]) => rest),
    );
    for (const [index, [percent]] of step.progress.entries()) expect(progress[index]![0]).toBeCloseTo(percent, 6);
  }
  for (const [module, wanted] of Object.entries(step.host_values ?? {})) {
    const found = Object.entries(values[module]!).map(([name, entry]) => [name, entry.value]);
    expect(Object.fromEntries(found)).toEqual(wanted);
  }
}

describe.skipIf(!present)("recorded runs", () => {
  const cases = readCases<RunCase>("run.json").filter((one) => NOT_FOLLOWED[one.name] === undefined);

  test.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    expect.hasAssertions();
    const play = player(one);
    for (const step of one.steps) perform(play, step);
  });

  test.each(cases.map((one) => [one.name, one] as const))("%s, stored and restored between any two steps", (_, one) => {
    expect.hasAssertions();
    const play = player(one);
    for (const step of one.steps) {
      reload(play);
      perform(play, step);
    }
  });
});
