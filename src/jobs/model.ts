import type { Place } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { ItemCounts } from "./items.ts";

/** What a job is, which states it goes through, and what may be done to it in each. Pure. */

/**
 * - `queued`: made, not looked at yet.
 * - `running`: has something to compute, now or as soon as its turn comes.
 * - `waiting`: for a task, or for a time.
 * - `paused`: by a person, or by its script (`pause`, `error`). Goes on with `resume`.
 * - `failed`: a task failed (the program stands at the call; `retry` calls again), or the program gave up (`retry` starts it anew).
 * - `done`, `cancelled`: the end.
 */
export const JOB_STATUSES = ["queued", "running", "waiting", "paused", "done", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const JOB_ACTIONS = ["pause", "resume", "cancel", "retry", "rollback", "jump"] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];

/** What may be done to a job in which state: the one table behind the API's check and the command line's hints. */
export const ALLOWED_ACTIONS: Readonly<Record<JobStatus, readonly JobAction[]>> = {
  queued: ["pause", "cancel"],
  running: ["pause", "cancel"],
  waiting: ["pause", "cancel", "rollback"],
  paused: ["resume", "cancel", "rollback", "jump"],
  failed: ["retry", "cancel", "rollback", "jump"],
  done: [],
  cancelled: [],
};

/** What was asked of a job and is done at its next turn. `resume` needs no turn: the job simply runs again. */
export const WISHES = ["pause", "cancel", "retry", "rollback", "jump"] as const satisfies readonly JobAction[];
export type Wish = (typeof WISHES)[number];

/** While one of these is done, a job can only be cancelled: it is on its way to another place. */
export const FINISHED_FIRST: readonly Wish[] = ["cancel", "rollback", "jump"];

/** What may be asked of a job now. */
export function allowedActions({ status, wish }: Pick<Job, "status" | "wish">): readonly JobAction[] {
  if (wish === null || !FINISHED_FIRST.includes(wish)) return ALLOWED_ACTIONS[status];
  return wish === "cancel" || hasEnded(status) ? [] : ["cancel"];
}

/** True for `done`, `failed` and `cancelled`: the job does nothing by itself any more. */
export function hasEnded(status: JobStatus): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}

export const TARGET_KINDS = ["structure", "foundation", "dependency", "node", "none"] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** What a job works on. The jobs room does not know more about it than this. */
export interface JobTarget {
  readonly kind: TargetKind;
  /** Null for kind `none`. */
  readonly id: Id | null;
  /** For people. */
  readonly name: string;
}

/** Where a program's text begins in the file its author wrote: `line` and `column` count from 1; `exact` false: only the beginning is known. */
export interface SourceOrigin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly exact: boolean;
}

/** A program as its author wrote it. Stored once for any number of jobs, under the hash of kind and definition. */
export type ProgramSource =
  | { readonly kind: "script"; readonly name: string; readonly text: string; readonly origin?: SourceOrigin }
  | { readonly kind: "verbs"; readonly name: string; readonly verbs: VerbList };

/** Where a line of a script stands in the file its author wrote. */
export function placeOfLine(source: ProgramSource, line: number): Place | undefined {
  if (source.kind !== "script") return undefined;
  const { origin } = source;
  if (origin === undefined) return { file: source.name, line };
  return { file: origin.file, line: origin.exact ? origin.line + line - 1 : origin.line };
}

/** A program of calls, one after the other: what `gantry exec` and rollouts make. */
export interface VerbList {
  readonly verbs: readonly ({ readonly module: string } & BatchItem)[];
  /** Most verbs in one task; left out: as many as fit. Only neighbours of the same module share a task. 1: each is a plain call, without a result of its own. */
  readonly batch?: number;
  /** After a failed verb the rest still runs, and the job fails at its end. */
  readonly keepGoing?: boolean;
}

export type ProgramKind = ProgramSource["kind"];

/** How many calls a program makes; null: nobody knows. */
export function callsIn(source: ProgramSource): number | null {
  return source.kind === "verbs" ? source.verbs.verbs.length : null;
}

/** Whose rights a job has. */
export interface Starter {
  /** Null: the owner of the server, or the program itself; they may do everything. */
  readonly accountId: Id | null;
  /** The token it was started with. */
  readonly tokenId: Id | null;
  /** For people. */
  readonly name: string;
}

/** What `JobService.create` needs. */
export interface JobDraft {
  readonly tenantId: Id;
  /** Name of the registered `JobHost` that serves this job. */
  readonly host: string;
  readonly program: ProgramSource;
  readonly target: JobTarget;
  readonly runId?: Id;
  /** Left out: the program itself. */
  readonly starter?: Starter;
  /** For the host alone. */
  readonly context?: JsonObject;
  /** Not before this time, epoch milliseconds. */
  readonly startAt?: number;
}

/** Why a job failed. */
export interface JobFailure {
  readonly message: string;
  /** Of the script. */
  readonly line: number | null;
  readonly where?: Place;
  readonly taskId?: Id;
  /** `module.function` of the call it failed at. */
  readonly call?: string;
  /** The last lines the task wrote. */
  readonly output?: string;
  /** The stable code of the error, when the function gave one. */
  readonly code?: string;
}

/** A job as others see it: everything but the program's inner state. */
export interface Job {
  readonly id: Id;
  readonly tenantId: Id;
  readonly host: string;
  readonly programHash: string;
  readonly programKind: ProgramKind;
  readonly programName: string;
  readonly target: JobTarget;
  readonly runId: Id | null;
  /** Who started it, or let it go on after it had stopped. */
  readonly starter: Starter;
  readonly context: JsonObject;
  readonly status: JobStatus;
  /** What was asked of it and has not happened yet. */
  readonly wish: Wish | null;
  /** The script line it stands at, from 1; null before it began and at its end. */
  readonly line: number | null;
  /** 0 to 100. */
  readonly percent: number;
  /** From the outside in: what it is doing, as people named it (block descriptions, function names). */
  readonly progress: readonly ProgressEntry[];
  /** The last thing it said. */
  readonly message: string;
  readonly failure: JobFailure | null;
  /** When it goes on by itself; null when only a result or a person moves it. */
  readonly wakeAt: number | null;
  /** When it will have come to its end, as far as anybody can tell: see `remainingOf`. */
  readonly endsAt: number | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/**
 * Milliseconds until a job comes to its end, by the `expected_time` of its script's blocks, else by how long earlier jobs of its program took.
 * Null: nobody can say; it stands still, or takes longer than it should.
 */
export function remainingOf({ status, endsAt }: Pick<Job, "status" | "endsAt">, now: number): number | null {
  if (endsAt === null || (status !== "running" && status !== "waiting")) return null;
  return endsAt > now ? endsAt - now : null;
}

export interface ProgressEntry {
  readonly percent: number;
  readonly name: string;
  readonly description?: string;
}

/** How a job ended. */
export interface JobOutcome {
  readonly status: "done" | "failed" | "cancelled";
  readonly failure: JobFailure | null;
  /** Of a job that was over with a list of verbs: how the items of that list ended. */
  readonly items?: ItemCounts;
}

/** One line of a job's log. */
export interface LogEntry {
  readonly jobId: Id;
  /** Counts from 1 in each job, without holes. */
  readonly sequence: number;
  readonly at: number;
  readonly kind: LogKind;
  readonly line: number | null;
  readonly text: string;
  readonly taskId: Id | null;
}

export const LOG_KINDS = [
  "created",
  "started",
  "call",
  "attempt",
  "result",
  "message",
  "undo",
  "jumped",
  "paused",
  "resumed",
  "retried",
  "cancelled",
  "failed",
  "done",
] as const;
export type LogKind = (typeof LOG_KINDS)[number];

/** One call a program makes to the world. */
export interface Call {
  /** Counts from 1 in each job; the same after a crash and for a retry. */
  readonly id: number;
  readonly module: string | null;
  readonly function: string;
  readonly parameters: JsonObject;
  readonly line: number | null;
  /** Many calls: they become one task, each with its own result. `parameters` is then empty, and `function` is `LIST_FUNCTION` where theirs differ. */
  readonly batch?: readonly BatchItem[];
  /** How many these are. Where a call says this and has no `batch`, it was stored without: its program knows them (`Program.recall`). */
  readonly items?: number;
  /** The number of the first of them among all of the program; left out: 0. */
  readonly firstItem?: number;
  /** The items of the batch run on after one failed. */
  readonly keepGoing?: boolean;
}

/** One call of many that are one task. */
export interface BatchItem {
  readonly function: string;
  readonly parameters: JsonObject;
  /** May run again after a crash left it unknown whether it had run. Left out: as the task is. */
  readonly safeToRepeat?: boolean;
  /** Milliseconds for which its executor may be away while this is under way (a reboot), without being taken for lost. */
  readonly awayFor?: number;
}

/** The function of a task whose items name their own. No module has one of this name: who knows nothing of lists does nothing. */
export const LIST_FUNCTION = "*";

/** `module.function`; of a list the module alone. */
export function callName(call: { readonly module: string | null; readonly function: string }): string {
  if (call.module === null) return call.function;
  return call.function === LIST_FUNCTION ? call.module : `${call.module}.${call.function}`;
}

/** A result of one item of a batch. */
export interface ItemResult {
  /** Its number among all calls of the job's program, from 0. */
  readonly item: number;
  readonly outcome: "done" | "failed" | "interrupted" | "cancelled" | "skipped";
  readonly value?: Json;
  readonly error?: TaskError;
  /** Epoch milliseconds of the executor's clock. */
  readonly startedAt?: number;
  readonly milliseconds?: number;
}

export interface TaskError {
  readonly message: string;
  /** The stable code of a `GantryError`. */
  readonly code?: string;
  readonly details?: JsonObject;
}
