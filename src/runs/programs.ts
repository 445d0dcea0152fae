import type { ProgramSource } from "../jobs/index.ts";
import type { Json } from "../kernel/json.ts";
import type { Definition } from "./model.ts";
import type { RunLine } from "./orchestration/compile.ts";

/** What a node does in a stage, as the program of a job. Pure. */

export interface StageProgram {
  readonly source: ProgramSource;
  /** For each of its verbs the number of the line it is of; -1: it is of none. */
  readonly lines: readonly number[];
}

export interface StageChoice {
  /** It does what is done once. */
  readonly first: boolean;
  /** The lines that are left to do; null: all. */
  readonly chosen: readonly number[] | null;
  /** What was collected before: it becomes the argument `query`. */
  readonly given: Json | null;
  /** A verb that fails does not keep those behind it from running. */
  readonly goesOn: boolean;
}

/** Lines of a stage that a node does. */
export function linesOf(
  definition: Definition,
  stage: number,
  choice: Pick<StageChoice, "first" | "chosen">,
): readonly number[] {
  const { from, to } = definition.stages[stage]!;
  const found: number[] = [];
  const chosen = choice.chosen === null ? undefined : new Set(choice.chosen);
  for (let line = from; line < to; line += 1) {
    if (definition.lines[line]!.runOnce && !choice.first) continue;
    if (chosen === undefined || chosen.has(line)) found.push(line);
  }
  return found;
}

/** The job's program; undefined: nothing is left to do. */
export function programOf(definition: Definition, stage: number, choice: StageChoice): StageProgram | undefined {
  const own = linesOf(definition, stage, choice);
  if (own.length === 0) return undefined;
  const lines: number[] = [];
  const verbs: {
    module: string;
    function: string;
    parameters: RunLine["calls"][number]["parameters"];
    safeToRepeat: boolean;
  }[] = [];
  if (choice.given !== null) {
    lines.push(-1);
    verbs.push({
      module: "agent",
      function: "arg",
      parameters: { name: "query", value: choice.given },
      safeToRepeat: true,
    });
  }
  for (const line of own) {
    for (const call of definition.lines[line]!.calls) {
      lines.push(line);
      verbs.push({
        module: "agent",
        function: call.function,
        parameters: definition.cache === "use" ? { cache: "use", ...call.parameters } : call.parameters,
        safeToRepeat: call.safeToRepeat,
      });
    }
  }
  const name = nameOf(definition, stage, own);
  return { source: { kind: "verbs", name, verbs: { verbs, keepGoing: choice.goesOn } }, lines };
}

/** What lists of jobs call it. */
function nameOf({ lines, stages, entries }: Definition, stage: number, own: readonly number[]): string {
  const entry = entries[stages[stage]!.entry]!;
  const first = lines[own[0]!]!;
  const text = first.sensitive ? first.verb : `${first.verb} ${first.text.trim()}`;
  const verb = own.length === 1 ? text : `${own.length} verbs`;
  return (
    first.name !== undefined && own.length === 1
      ? first.name
      : entry.name === undefined
        ? verb
        : `${entry.name}: ${verb}`
  ).slice(0, 200);
}
