import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit } from "../platform/database/index.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { Outside } from "./host.ts";
import type { ReadyRoute, TaskCancel } from "./task-model.ts";

/** A task that waits for an answer from outside. */
export interface OutsideRef {
  readonly outside: Outside;
  readonly taskId: Id;
}

/**
 * What is told after a commit, to every replica. A message that gets lost costs time, never work: the tables say the same, and are looked
 * at again.
 */
export interface Wakes {
  /** Within a transaction, told once it is committed. */
  jobsRunnable(tx: Transaction): void;
  /** Something was asked of these jobs: whoever has one in hand drops its turn. */
  jobsAsked(tx: Transaction, jobs: readonly Id[]): void;
  tasksReady(tx: Transaction, routes: readonly ReadyRoute[]): void;
  outsideReady(tx: Transaction, tasks: readonly OutsideRef[]): void;
  tasksCancelled(tx: Transaction, cancels: readonly TaskCancel[]): void;
  outputAdded(tx: Transaction, jobs: readonly Id[]): void;
  onRunnable(listener: () => void): () => void;
  onAsked(listener: (jobs: readonly Id[]) => void): () => void;
  onReady(listener: (routes: readonly ReadyRoute[]) => void): () => void;
  onOutside(listener: (tasks: readonly OutsideRef[]) => void): () => void;
  onCancel(listener: (cancels: readonly TaskCancel[]) => void): () => void;
  onOutput(listener: (jobs: readonly Id[]) => void): () => void;
}

const RUNNABLE = "job.runnable";
const ASKED = "job.asked";
const OUTPUT = "job.output";
const READY = "task.ready";
const OUTSIDE = "task.outside";
const CANCEL = "task.cancel";

export function createWakes(bus: Bus): Wakes {
  /** Collects what several units of one transaction have to tell. */
  const gathered = new WeakMap<Transaction, Map<string, unknown[]>>();

  function gather<Item>(tx: Transaction, subject: string, items: readonly Item[]): void {
    if (items.length === 0) return;
    let subjects = gathered.get(tx);
    if (subjects === undefined) {
      subjects = new Map();
      gathered.set(tx, subjects);
    }
    const list = [...((subjects.get(subject) as Item[] | undefined) ?? []), ...items];
    subjects.set(subject, list);
    afterCommit(tx, subject, () => bus.publish(subject, { items: list as never }));
  }

  function listen<Item>(subject: string, listener: (items: readonly Item[]) => void): () => void {
    return bus.subscribe(subject, (payload) => listener((payload as unknown as { items: readonly Item[] }).items));
  }

  return {
    jobsRunnable: (tx) => afterCommit(tx, RUNNABLE, () => bus.publish(RUNNABLE, null)),
    jobsAsked: (tx, jobs) => gather(tx, ASKED, jobs),
    tasksReady: (tx, routes) => gather(tx, READY, distinctRoutes(routes)),
    outsideReady: (tx, tasks) => gather(tx, OUTSIDE, tasks),
    tasksCancelled: (tx, cancels) => gather(tx, CANCEL, cancels),
    outputAdded: (tx, jobs) => gather(tx, OUTPUT, jobs),
    onRunnable: (listener) => bus.subscribe(RUNNABLE, () => listener()),
    onAsked: (listener) => listen(ASKED, listener),
    onReady: (listener) => listen(READY, listener),
    onOutside: (listener) => listen(OUTSIDE, listener),
    onCancel: (listener) => listen(CANCEL, listener),
    onOutput: (listener) => listen(OUTPUT, listener),
  };
}

/** A thousand tasks for one worker are one thing to tell. */
function distinctRoutes(routes: readonly ReadyRoute[]): readonly ReadyRoute[] {
  const known = new Map<string, ReadyRoute>();
  for (const one of routes) {
    const to = "agentId" in one.route ? `agent ${one.route.agentId}` : `site ${one.route.siteId}`;
    known.set(`${to} ${one.module}`, one);
  }
  return [...known.values()];
}
