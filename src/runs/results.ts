import type { CallResultRow, JobService } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { lineStates, type LineState } from "./ending.ts";
import type { RunLine } from "./orchestration/compile.ts";
import { linesOf, programOf } from "./programs.ts";
import { ENDED_STATES, type NodeJob, type StoredEntry, type StoredStage } from "./store.ts";
import type { Definition } from "./model.ts";

/** Every verb of a run on every node, one by one. */

export interface VerbResult {
  readonly node: string;
  /** Among those of the run, from 0. */
  readonly nodeNumber: number;
  /** The number of the verb in the run, from 1. */
  readonly job: number;
  readonly entry: number;
  readonly stage: number;
  readonly state: LineState | "waiting" | "running";
  readonly jobId: Id | null;
  readonly exitCode: number | null;
  readonly message: string | null;
  /** Epoch milliseconds of the node's clock. */
  readonly startedAt: number | null;
  /** That it took on the node. */
  readonly milliseconds: number | null;
  /** What it answered; of a verb that sends several files: what the last one did. */
  readonly value: Json;
}

export interface ResultParts {
  readonly database: Database;
  readonly jobs: JobService;
}

export interface ResultSource {
  readonly definition: Definition;
  readonly entries: readonly StoredEntry[];
  readonly stages: readonly StoredStage[];
}

/** The verbs of some stages on nodes, in their order. */
export async function resultsOf(
  { database, jobs }: ResultParts,
  source: ResultSource,
  places: readonly NodeJob[],
): Promise<readonly VerbResult[]> {
  const planned = places.map((place) => ({ place, ...plannedFor(source, place) }));
  const made = planned.filter(({ place }) => place.jobId !== null);
  const over = made.filter(({ place }) => ENDED_STATES.includes(place.state));
  const states = await database.transaction((tx) =>
    jobs.callStates(
      tx,
      over.map(({ place, calls }) => ({ id: place.jobId!, verbs: calls.length })),
    ),
  );
  const rows = Map.groupBy(await jobs.callResults(made.map(({ place }) => place.jobId!)), ({ jobId }) => jobId);
  return planned.flatMap(({ place, calls, lines }) => {
    const own = place.jobId === null ? [] : (rows.get(place.jobId) ?? []);
    const known = place.jobId === null ? undefined : states.get(place.jobId);
    const ended = known === undefined ? partly(calls, own) : lineStates(calls, known.states);
    const byLine = Map.groupBy(own, ({ call }) => calls[call] ?? -1);
    const open = place.state === "waiting" || place.state === "begun" ? OPEN[place.state] : passedOver(place.state);
    return lines.map((line) =>
      resultOf(source.definition, place, line, ended.get(line) ?? open, byLine.get(line) ?? []),
    );
  });
}

const OPEN = { waiting: "waiting", begun: "running" } as const;

function passedOver(state: string): LineState {
  return state === "unreachable" ? "unreachable" : "skipped";
}

/** The lines a node has to do in a stage, and for each call of its job the line it is of. */
export function plannedFor(
  { definition, stages, entries }: ResultSource,
  place: Pick<NodeJob, "stage" | "node" | "chosen">,
): { readonly calls: readonly number[]; readonly lines: readonly number[] } {
  const stage = stages[place.stage]!;
  const choice = { first: stage.first === place.node, chosen: place.chosen };
  const lines = linesOf(definition, place.stage, choice);
  const goesOn = entries[stage.entry]!.goesOn;
  const program = programOf(definition, place.stage, { ...choice, given: stage.given, goesOn });
  return { lines, calls: program?.lines ?? [] };
}

/** Of a job that goes on: verbs all calls of which ended. */
function partly(calls: readonly number[], rows: readonly CallResultRow[]): ReadonlyMap<number, LineState> {
  const ended = new Map(rows.map(({ call, state }) => [call, state]));
  const open = new Set(calls.filter((_, call) => !ended.has(call)));
  const all = lineStates(
    calls,
    calls.map((_, call) => ended.get(call) ?? "skipped"),
  );
  return new Map([...all].filter(([line]) => !open.has(line)));
}

function resultOf(
  { stages, lines }: Definition,
  place: NodeJob,
  line: number,
  state: VerbResult["state"],
  rows: readonly CallResultRow[],
): VerbResult {
  const bad = rows.find(({ error }) => error !== undefined);
  const code = bad?.error?.details?.["exit_code"];
  const last = rows.at(-1)?.value;
  const own = isJsonObject(last) ? last["exit_code"] : undefined;
  const exitCode = typeof code === "number" ? code : typeof own === "number" ? own : null;
  const took = rows.filter(({ milliseconds }) => milliseconds !== undefined);
  return {
    node: place.name,
    nodeNumber: place.node,
    job: line + 1,
    entry: stages[place.stage]!.entry,
    stage: place.stage,
    state,
    jobId: place.jobId,
    exitCode,
    message: bad?.error?.message ?? (place.jobId === null ? place.message : null),
    startedAt: rows[0]?.startedAt ?? null,
    milliseconds: took.length === 0 ? null : took.reduce((sum, one) => sum + one.milliseconds!, 0),
    value: lines[line]!.sensitive ? null : (last ?? null),
  };
}

/** A verb as it is shown: of a sensitive one no more than its name. */
export function shownLine(line: RunLine, index: number): ShownLine {
  return {
    job: index + 1,
    id: line.id,
    entry: line.entry,
    verb: line.verb,
    text: line.sensitive ? null : line.text,
    name: line.name ?? null,
    where: line.where ?? null,
  };
}

export interface ShownLine {
  readonly job: number;
  readonly id: string;
  readonly entry: number;
  readonly verb: string;
  /** Null where it is sensitive. */
  readonly text: string | null;
  readonly name: string | null;
  readonly where: NonNullable<RunLine["where"]> | null;
}
