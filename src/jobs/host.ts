import type { Place } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { BatchItem, Call, Job, JobOutcome } from "./model.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { Catalogue, ValueLookup, ValueWrite } from "./program.ts";

/** Who is given a task over the link: the agent of one node, or any worker that serves a site. */
export type ExecutorRoute = { readonly agentId: Id } | { readonly siteId: Id };

/**
 * Who answers a task that nobody fetches by the link: a person, a machine that reports by itself, or the receiver of a webhook. The task
 * waits until the server is told the answer (`OutsideTasks.answer`), or until its `timeout` is over.
 */
export const OUTSIDES = ["person", "machine", "receiver"] as const;
export type Outside = (typeof OUTSIDES)[number];

/** Who may do a task. */
export type TaskRoute = ExecutorRoute | { readonly outside: Outside };

/** What a host makes of a call: everything an executor needs. */
export interface TaskDraft {
  readonly module: string;
  readonly function: string;
  readonly parameters: Json;
  readonly route: TaskRoute;
  /** Milliseconds from start to end of one attempt, of a task of outside from its creation; null: no limit. */
  readonly timeout: number | null;
  /** May run again after a crash left it unknown whether it had run. */
  readonly safeToRepeat: boolean;
  /** Its function can take back what it did: that is done when the job is cancelled or the call rolled back. Not with `batch`. */
  readonly undoable?: boolean;
  /** After a failure: this many more attempts, `backoff` milliseconds before the first, doubled each time, with jitter. Only where `safeToRepeat`, and not with `batch`. */
  readonly retry?: { readonly times: number; readonly backoff: number };
  /** Milliseconds it waits for somebody to take it; then it ends `unreachable`. Left out: for ever. */
  readonly reachWithin?: number;
  /**
   * The call's batch: one task, each item with its own result. `parameters` is then null, and `safeToRepeat` what holds for items that do not
   * say. In the same order, none left out.
   */
  readonly batch?: readonly BatchItem[];
  /** What is the same for all calls of the task; functions see it as `context.shared`. */
  readonly shared?: JsonObject;
  /** Values of secrets that are in the parameters or shared: these are stored sealed, and the values are taken out of what comes back. */
  readonly hide?: readonly HiddenValue[];
}

/** A value that is to be taken out of what a task writes and answers. */
export interface HiddenValue {
  /** Of the secret. */
  readonly name: string;
  /** Base64. */
  readonly value: string;
}

/** What a call that is answered at once changes. */
export type ValueChange = (tx: Transaction) => Promise<void>;

/** What a call turns out to be. */
export type Prepared =
  /**
   * `write`: within the commit that takes the value in, so that what the call changes and that it was made are one. Called again when that
   * transaction is undone and tried anew. One that throws fails the job at the call.
   */
  | { readonly kind: "value"; readonly value: Json; readonly write?: ValueChange }
  | { readonly kind: "failed"; readonly message: string; readonly where?: Place; readonly code?: string }
  | { readonly kind: "task"; readonly task: TaskDraft };

/** What the owner of a kind of job brings: what its programs see, and where their calls go. Chosen by the job's `host` name. */
export interface JobHost {
  /** Outside any transaction, before each advance. Cheap. */
  view(job: Job): Promise<JobView>;
  /**
   * Outside any transaction, once for each call the program makes, and again after a crash before the commit, and for each retry: it
   * must change nothing. Throwing a GantryError is the same as `failed`; anything else fails the job as `internal`.
   */
  prepare(job: Job, call: Call): Promise<Prepared>;
  /** Inside the commit of the advance: what the program assigned to names of the host. */
  write?(tx: Transaction, job: Job, writes: readonly ValueWrite[]): Promise<void>;
  /** Inside the commit that ends the job. */
  finished(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Inside the commit of a `retry`: a failed job lives again. */
  reopened?(tx: Transaction, job: Job): Promise<void>;
}

export interface JobView {
  readonly values: ValueLookup;
  readonly catalogue: Catalogue;
}
