import { GantryError, problem, type Problem } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { nearest } from "../../kernel/nearest.ts";
import { ORCHESTRATION_INVALID } from "../errors.ts";
import { lineId, MOST_VERBS, type Entry, type JobLine } from "./model.ts";

/** Entries become stages: lists of verbs between the places at which nodes wait for each other. Pure. */

/** One call of a function of an agent. */
export interface VerbCall {
  readonly function: string;
  readonly parameters: JsonObject;
  readonly safeToRepeat: boolean;
}

/** What a verb's text turned out to be. */
export interface LineMeaning {
  /** Several where it sends several files. */
  readonly calls: readonly VerbCall[];
  readonly runOnce: boolean;
  /** Nothing of it is kept or shown but how it ended. */
  readonly sensitive: boolean;
  /** `query`: its answers are collected from all nodes before these go on. `wait`: names of jobs and entries that have to end before. */
  readonly barrier?: "query" | { readonly wait: readonly string[] };
}

/** A verb of a run. */
export interface RunLine extends LineMeaning {
  /** See `lineId`. */
  readonly id: string;
  readonly entry: number;
  readonly verb: string;
  readonly text: string;
  readonly name?: string;
  readonly where?: JobLine["where"];
}

export interface Stage {
  readonly entry: number;
  /** Numbers of lines, without holes: the first, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Collects the answers of its last verb. */
  readonly query: boolean;
  /** Entries that have to end before it begins. */
  readonly waits: readonly number[];
}

export interface Compiled {
  readonly lines: readonly RunLine[];
  readonly stages: readonly Stage[];
}

export interface CompileOptions {
  /** What a line means. Throws a GantryError for one that is wrong. */
  meaning(line: JobLine): LineMeaning;
  /** Ids or names of the verbs to do; left out: all. */
  readonly restrict?: readonly string[];
}

/** Problems after which no more are looked for: each is looked at for a name that was meant. */
const MOST_PROBLEMS = 100;

/** Errors: `orchestration_invalid`, with every problem and its place, the first 100. */
export function compile(entries: readonly Entry[], options: CompileOptions): Compiled {
  const problems: Problem[] = [];
  const lines: RunLine[] = [];
  const stages: Stage[] = [];
  const total = entries.reduce((sum, { jobs }) => sum + jobs.length, 0);
  if (total > MOST_VERBS)
    throw invalid([problem(ORCHESTRATION_INVALID, `${total} verbs; ${MOST_VERBS} may be in one run`)]);
  const wanted = restriction(entries, options.restrict, problems);
  let places: ReadonlyMap<string, readonly number[]> | undefined;
  for (const [index, { jobs }] of entries.entries()) {
    let from = lines.length;
    let waits: readonly number[] = [];
    function cut(query: boolean): void {
      if (lines.length > from) stages.push({ entry: index, from, to: lines.length, query, waits });
      if (lines.length > from) waits = [];
      from = lines.length;
    }
    for (const job of jobs) {
      if (!wanted(job)) continue;
      if (problems.length >= MOST_PROBLEMS) throw invalid(problems);
      const line = lineOf(job, index, options, problems);
      if (line === undefined) continue;
      if (typeof line.barrier === "object") {
        cut(false);
        waits = [...waits, ...waitedFor((places ??= placesOf(entries)), index, line, line.barrier.wait, problems)];
      }
      lines.push(line);
      if (line.barrier === "query") cut(true);
    }
    cut(false);
  }
  if (problems.length > 0) throw invalid(problems);
  if (lines.length === 0) throw invalid([problem(ORCHESTRATION_INVALID, "there is no verb to run in it")]);
  return { lines, stages };
}

function lineOf(job: JobLine, entry: number, options: CompileOptions, problems: Problem[]): RunLine | undefined {
  try {
    const meaning = options.meaning(job);
    return {
      id: lineId(job),
      entry,
      verb: job.verb.toUpperCase(),
      // Of what is sensitive no more than its name is kept.
      text: meaning.sensitive ? "" : job.text,
      ...(job.name === undefined ? {} : { name: job.name }),
      ...(job.where === undefined ? {} : { where: job.where }),
      ...meaning,
    };
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    problems.push({
      code: error.code,
      message: error.message,
      hint: error.hint,
      ...(job.where && { where: placeOf(job) }),
    });
    return undefined;
  }
}

function placeOf({ where }: JobLine): { file: string; line?: number; column?: number } {
  const { file, line, column } = where!;
  return { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
}

/** By what a JOB_WAIT may name: entries with that name, or with a job of that name or id, in their order. */
function placesOf(entries: readonly Entry[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, { name, jobs }] of entries.entries()) {
    const names = new Set([name, ...jobs.flatMap((job) => [job.name, lineId(job)])]);
    for (const one of names) {
      if (one === undefined) continue;
      const own = found.get(one);
      if (own === undefined) found.set(one, [index]);
      else own.push(index);
    }
  }
  return found;
}

/** Entries that a JOB_WAIT means: by their name, or by a name or an id of a job in them. */
function waitedFor(
  places: ReadonlyMap<string, readonly number[]>,
  own: number,
  line: RunLine,
  names: readonly string[],
  problems: Problem[],
): readonly number[] {
  return names.flatMap((name) => {
    const found = places.get(name) ?? [];
    const earlier = found.filter((index) => index < own);
    if (earlier.length > 0) return earlier;
    const where = line.where === undefined ? undefined : placeOf(line as unknown as JobLine);
    const near = found.length > 0 ? undefined : nearest(name, places.keys());
    const what =
      found.length > 0
        ? `'${name}' is not in an entry before this one, so that nothing could come of waiting for it`
        : `there is no entry and no job '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`;
    problems.push(problem(ORCHESTRATION_INVALID, `JOB_WAIT: ${what}`, where));
    return [];
  });
}

/** Which verbs are wanted. A name that nothing has is a problem. */
function restriction(
  entries: readonly Entry[],
  restrict: readonly string[] | undefined,
  problems: Problem[],
): (job: JobLine) => boolean {
  if (restrict === undefined) return () => true;
  const names = new Set(
    entries.flatMap(({ jobs }) => jobs.flatMap((job) => [lineId(job), ...(job.name === undefined ? [] : [job.name])])),
  );
  for (const one of restrict) {
    if (names.has(one)) continue;
    if (problems.length >= MOST_PROBLEMS) throw invalid(problems);
    const near = nearest(one, names);
    problems.push(
      problem(
        ORCHESTRATION_INVALID,
        `no job has the id or the name '${one}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
      ),
    );
  }
  const wanted = new Set(restrict);
  return (job) => wanted.has(lineId(job)) || (job.name !== undefined && wanted.has(job.name));
}

function invalid(problems: readonly Problem[]): GantryError {
  const [first] = problems;
  return new GantryError(
    ORCHESTRATION_INVALID,
    problems.length === 1 ? first!.message : `${problems.length} things are wrong`,
    {
      problems,
      ...(first?.where === undefined ? {} : { where: first.where }),
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    },
  );
}
