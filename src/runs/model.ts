import { z } from "zod";
import type { Place } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { RunLine, Stage } from "./orchestration/compile.ts";
import { entries } from "./orchestration/model.ts";

/** What `POST /v1/runs` takes. */
export const runRequest = z.strictObject({
  /** What a person typed, for lists: `RUN uptime`. */
  text: z.string().max(4096),
  /** Every node only says what it would do. */
  plan: z.boolean().default(false),
  /** Nothing that was done before stands in for what is to be done. */
  ignoreCache: z.boolean().default(false),
  /** Ids or names of the verbs to do; left out: all. */
  restrict: z.array(z.string().max(256)).min(1).max(10_000).optional(),
  /** In the place of the targets of every entry. */
  targets: z.array(z.string().max(1024)).max(100_000).optional(),
  /** A run of which what failed or was not done is done; it says what that is. */
  resume: z.string().max(64).optional(),
  /** Results that nodes remember stand in: `use` (what orchestrations do) or `none`. */
  cache: z.enum(["use", "none"]).default("none"),
  /** Left out with `resume`. */
  entries: entries.optional(),
});
export type RunRequest = z.output<typeof runRequest>;

export const RUN_STATUSES = ["running", "done", "failed", "cancelled"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Why a run could not go on, beside what became of its verbs. */
export interface RunError {
  /** Of docs/errors.md. */
  readonly code: string;
  readonly message: string;
}

/** How verbs ended, in numbers. Each verb on each node is in one of them. */
export interface Counts {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: number;
  readonly unreachable: number;
}

export const NO_COUNTS: Counts = { ok: 0, changed: 0, failed: 0, skipped: 0, interrupted: 0, unreachable: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    ok: a.ok + b.ok,
    changed: a.changed + b.changed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    interrupted: a.interrupted + b.interrupted,
    unreachable: a.unreachable + b.unreachable,
  };
}

/** What a run is to do, as it was made out when it began. */
export interface Definition {
  readonly lines: readonly RunLine[];
  readonly stages: readonly Stage[];
  readonly entries: readonly DefinedEntry[];
  readonly ignoreCache: boolean;
  readonly cache: "use" | "none";
}

export interface DefinedEntry {
  readonly name?: string;
  readonly async: boolean;
  readonly vars?: JsonObject;
}

/** A node that takes part. */
export interface RunNode {
  /** The id its tasks are routed to. */
  readonly agentId: Id;
  readonly name: string;
}

/** A node that may be run on. */
export interface Node extends RunNode {
  readonly place: Place;
}

/** One line of a run's live output. */
export type RunOutputLine = RunOutput | RunEnded | RunProgressed;

export interface RunOutput {
  readonly kind: "output";
  readonly node: string;
  /** The number of the verb in the run, from 1; null where nobody can say. */
  readonly job: number | null;
  readonly stream: "stdout" | "stderr";
  /** A piece of text, in the order it was written; not always a whole line. */
  readonly text: string;
}

/** A node is through with a stage. */
export interface RunEnded {
  readonly kind: "ended";
  readonly node: string;
  readonly entry: number;
  readonly stage: number;
  readonly state: "done" | "failed" | "cancelled" | "skipped" | "unreachable";
  readonly counts: Counts;
  /** Of the command that failed, when there was one. */
  readonly exitCode: number | null;
  readonly message: string | null;
}

/** How far the run is, now and then. */
export interface RunProgressed {
  readonly kind: "progress";
  /** Verbs on nodes that ended, of so many. */
  readonly done: number;
  readonly total: number;
}
