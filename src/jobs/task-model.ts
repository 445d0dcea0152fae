import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { ExecutorRoute, HiddenValue } from "./host.ts";
import type { ItemResult, TaskError } from "./model.ts";

/**
 * - `ready`: waits for an executor. `leased`: given to one. `started`: it said it acts now.
 * - `done`, `failed`, `cancelled`; `interrupted`: nobody can say whether it ran, and it is not safe to repeat;
 *   `unreachable`: nobody took it in time.
 */
export const TASK_STATUSES = [
  "ready",
  "leased",
  "started",
  "done",
  "failed",
  "interrupted",
  "cancelled",
  "unreachable",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** Names one attempt of a task. What is said about an older attempt is acknowledged and ignored. */
export interface TaskRef {
  readonly task: Id;
  readonly attempt: number;
}

/** What an executor says it begins. `safeToRepeat` where it is known: nothing then has to be on the disk before it begins. */
export interface StartedRef extends TaskRef {
  readonly safeToRepeat?: boolean;
}

/** Who asks for work. */
export interface Executor {
  /** Stable over restarts: an executor's leases and results belong to this id. */
  readonly id: Id;
  /** The connection; a new one after each reconnect. */
  readonly session: string;
  /** Whose tasks it is given. Null: every tenant's, which only a part of the server itself is. */
  readonly tenantId: Id | null;
  /** Set for the agent of a node: it gets the tasks routed to this id. */
  readonly agentId?: Id;
  /** Free slots, by module name. */
  readonly modules: Readonly<Record<string, number>>;
  /** The sites a worker serves. An agent serves none. */
  readonly siteIds: readonly Id[] | "all";
}

/** A task given to an executor. */
export interface Assignment extends TaskRef {
  /** Idempotency key: the same for every attempt. */
  readonly key: string;
  /** Grows with every lease. */
  readonly fence: number;
  readonly jobId: Id;
  /** Of the job. */
  readonly call: number;
  readonly tenantId: Id;
  readonly module: string;
  readonly function: string;
  readonly parameters: Json;
  /** Parameters that hold secrets as they are stored: never given to an executor. */
  readonly sealed?: Uint8Array;
  /** Values the executor takes out of what the task writes and answers. */
  readonly hide?: readonly HiddenValue[];
  /** Items that ended in an earlier attempt are left out. */
  readonly batch?: readonly AssignedItem[];
  readonly shared?: JsonObject;
  readonly keepGoing: boolean;
  readonly timeout: number | null;
  readonly safeToRepeat: boolean;
  /** It was said that no worker is there for it. */
  readonly unserved?: true;
  /** The function is to take back what it did with these parameters. `value`: what it answered then; left out when nobody knows. */
  readonly undo?: { readonly value?: Json };
}

/** One call of a list that is given to an executor. */
export interface AssignedItem {
  /** To be repeated in its result. */
  readonly item: number;
  readonly parameters: Json;
  /** Left out: that of the task. */
  readonly function?: string;
  /** Left out: as the task is. */
  readonly safeToRepeat?: boolean;
}

/** How items of a list ended. */
export interface ItemReport extends TaskRef {
  readonly items: readonly ItemResult[];
}

export interface OutputChunk extends TaskRef {
  readonly stream: "stdout" | "stderr";
  /** Of a list: who wrote it. */
  readonly item?: number;
  /** Counts up within one attempt, over both streams: a repeated chunk is dropped. */
  readonly sequence: number;
  readonly data: Uint8Array;
}

export interface TaskResult extends TaskRef {
  readonly outcome: "done" | "failed" | "interrupted" | "cancelled";
  /** With `done`. */
  readonly value?: Json;
  /** With the others. */
  readonly error?: TaskError;
  /** Of a batch: those that ran and were not told by `items` before; told twice is no harm. */
  readonly items?: readonly ItemResult[];
  /** Whether it began, where that is known of something that was never said to be begun. */
  readonly began?: boolean;
  /** Of a list that was interrupted: items that nothing was said of were not begun, or may be begun again. */
  readonly resumable?: true;
}

/** What an executor says of its tasks, in this order. */
export interface ExecutorReport {
  /** Live output. */
  readonly output?: readonly OutputChunk[];
  /** Lines for the job's log. */
  readonly messages?: readonly (TaskRef & { readonly text: string })[];
  /** How items of lists ended, while the lists run. The first word about an item counts. */
  readonly items?: readonly ItemReport[];
  readonly results?: readonly TaskResult[];
}

/** What an executor holds, told after each (re)connect. */
export interface HeldTask extends TaskRef {
  readonly phase: "queued" | "started" | "finished";
}

/** New tasks are ready for these. */
export interface ReadyRoute {
  readonly route: ExecutorRoute;
  readonly module: string;
}

/** A running task is to be stopped: the executor aborts it and answers with its result (`cancelled` when it was stopped). */
export interface TaskCancel extends TaskRef {
  readonly executorId: Id;
}

/** An executor that is connected here, and for which nothing older waits. */
export interface Seat {
  /** With the slots that are free now. */
  readonly executor: Executor;
  /** Called after the commit that leased these to it. */
  give(assignments: readonly Assignment[]): void;
}

/** Seats of those that may be given a task. Not awaited: it is asked within transactions. */
export type FindSeats = (tenantId: Id, route: ExecutorRoute, module: string) => Iterable<Seat>;

/**
 * What the server's end of the link calls. Every promise resolves after the commit that holds what it says; calls made at the same
 * time share commits.
 */
export interface TaskService {
  /** Leases ready tasks to the executor, as many as it has free slots for, oldest first. */
  claim(executor: Executor): Promise<readonly Assignment[]>;
  /**
   * The executor acts on these now. Refused are those it no longer owns: it must drop them. A function that is not safe to repeat runs
   * only after `granted`: so it cannot run twice, even when a lease ran out in between.
   */
  started(
    executor: Pick<Executor, "id">,
    tasks: readonly StartedRef[],
  ): Promise<{ readonly granted: readonly TaskRef[]; readonly refused: readonly TaskRef[] }>;
  /** Takes in what it says of its tasks, all of it in one commit. What is said of older attempts, and what is repeated, changes nothing. */
  report(executor: Pick<Executor, "id">, report: ExecutorReport): Promise<void>;
  /** After each (re)connect. What it does not hold goes back to ready, or ends `interrupted`; what it should drop is returned. */
  reconcile(executor: Executor, held: readonly HeldTask[]): Promise<{ readonly forget: readonly TaskRef[] }>;
  /** The connection is gone. Its leases live on until they run out, or until the executor is back. */
  sessionEnded(executor: Executor): Promise<void>;
  /** The account that started a job; null: the administrator, or the server itself. */
  starterOf(job: Id): Promise<Id | null>;
  /** The session is alive: call it at each heartbeat. */
  renew(executor: Executor): Promise<void>;
  /** What was leased to an executor that was gone before it was given it: it waits for the next one. */
  giveBack(assignments: readonly Assignment[]): Promise<void>;
  /** Who knows the executors that are connected here: what is made for them is leased to them in the same commit. Returns how to stop that. */
  placeWith(find: FindSeats): () => void;
  /** After commit, on every replica: who has work now. Returns how to stop listening. */
  onReady(listener: (routes: readonly ReadyRoute[]) => void): () => void;
  /** After commit, on every replica. Told again at `renew` and `reconcile` for as long as the task runs. */
  onCancel(listener: (cancels: readonly TaskCancel[]) => void): () => void;
}
