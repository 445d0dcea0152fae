import type { Json } from "../../kernel/json.ts";
import type { Assignment, Executor, TaskResult, TaskService } from "../index.ts";

/**
 * An executor that outlives servers: it keeps what it holds, begins nothing that was not granted, and sends results until they are
 * acknowledged. A server that hangs for ever is left by connecting to the next one.
 */
export interface JournalExecutor {
  /** Every call of a function, in order. */
  readonly ledger: readonly { readonly task: string; readonly parameters: Json; readonly undo: Assignment["undo"] }[];
  connect(tasks: TaskService): void;
  /** Resolves when the server has answered what it was asked last. */
  disconnect(): Promise<void>;
}

interface Entry {
  readonly assignment: Assignment;
  phase: "queued" | "started" | "finished";
  result?: TaskResult;
}

export function createJournalExecutor(run: (parameters: Json) => Json): JournalExecutor {
  const ledger: JournalExecutor["ledger"][number][] = [];
  const journal = new Map<string, Entry>();
  let sessions = 0;
  let stopListening = (): void => {};
  let asking = Promise.resolve();

  /** One connection: everything it awaits may hang for ever, so nothing after an await is done for an older session. */
  async function session(tasks: TaskService, number: number): Promise<void> {
    const executor: Executor = {
      id: "executor",
      session: String(number),
      modules: { toy: 100 },
      siteIds: "all",
      tenantId: null,
    };
    const held = [...journal.values()].map(({ assignment, phase }) => ({
      task: assignment.task,
      attempt: assignment.attempt,
      phase,
    }));
    const { forget } = await tasks.reconcile(executor, held);
    if (number !== sessions) return;
    for (const { task } of forget) journal.delete(task);
    let again = true;
    let looking = false;

    function look(): void {
      again = true;
      if (looking) return;
      looking = true;
      asking = claimAll();
    }

    async function claimAll(): Promise<void> {
      while (again && number === sessions) {
        again = false;
        const assignments = await tasks.claim(executor);
        if (number !== sessions) return;
        for (const assignment of assignments) journal.set(assignment.task, { assignment, phase: "queued" });
        await work();
      }
      looking = false;
    }

    async function work(): Promise<void> {
      const queued = [...journal.values()].filter((one) => one.phase === "queued");
      if (queued.length > 0) {
        const { granted, refused } = await tasks.started(
          executor,
          queued.map((one) => one.assignment),
        );
        if (number !== sessions) return;
        for (const { task } of refused) journal.delete(task);
        for (const { task } of granted) act(journal.get(task)!);
      }
      const results = [...journal.values()].flatMap((one) => (one.result === undefined ? [] : [one.result]));
      if (results.length === 0) return;
      await tasks.report(executor, { results });
      if (number !== sessions) return;
      for (const { task } of results) journal.delete(task);
    }

    stopListening = tasks.onReady(look);
    look();
  }

  function act(entry: Entry): void {
    const { task, attempt, parameters, undo } = entry.assignment;
    ledger.push({ task, parameters, undo });
    entry.result = { task, attempt, outcome: "done", value: run(parameters) };
    entry.phase = "finished";
  }

  return {
    ledger,
    connect(tasks) {
      stopListening();
      sessions += 1;
      asking = session(tasks, sessions);
    },
    disconnect() {
      stopListening();
      sessions += 1;
      return asking;
    },
  };
}
