import type { Id } from "../kernel/ids.ts";
import { afterCommit, transactionValue, type Transaction } from "../platform/database/index.ts";
import type { ExecutorSessions } from "./executor-sessions.ts";
import type { ExecutorRoute } from "./host.ts";
import type { SqlTransaction } from "./sql.ts";
import type { Assignment, FindSeats, Seat } from "./task-model.ts";
import { assignmentOf, isEmpty, type NewTask } from "./task-store.ts";

/**
 * Leases tasks in the commit that makes them to executors that are connected here and have room: nobody has to be woken, and nothing has to be
 * asked for. What finds no seat waits until somebody asks.
 */
export interface Placing {
  /** Who knows the seats. Returns how to forget them. */
  use(find: FindSeats): () => void;
  /** The tasks, with who is given which; those are given them after the commit. */
  place(tx: Transaction, sql: SqlTransaction, tasks: readonly NewTask[]): Promise<readonly NewTask[]>;
}

interface Placed {
  readonly seat: Seat;
  readonly task: NewTask;
}

export function createPlacing(sessions: ExecutorSessions): Placing {
  let find: FindSeats = () => [];
  const placed = transactionValue<readonly Placed[]>();

  function handOver(all: readonly Placed[]): void {
    const given = new Map<Seat, Assignment[]>();
    for (const { seat, task } of all) given.set(seat, [...(given.get(seat) ?? []), assignmentOf(task)]);
    for (const [seat, assignments] of given) seat.give(assignments);
  }

  return {
    use(given) {
      find = given;
      return () => (find = () => []);
    },
    async place(tx, sql, tasks) {
      const before = placed.get(tx) ?? [];
      const more: Placed[] = [];
      /** Slots given within this transaction: of modules by executor. */
      const taken = new Map<string, number>();
      for (const { seat, task } of before) take(taken, seat.executor.id, task.draft.module);
      const result = tasks.map((task): NewTask => {
        const seat = seatFor(task, find, taken);
        if (seat === undefined) return task;
        take(taken, seat.executor.id, task.draft.module);
        const own = { ...task, owner: seat.executor.id };
        more.push({ seat, task: own });
        return own;
      });
      if (more.length === 0) return tasks;
      await sessions.keep(
        tx,
        sql,
        more.map(({ seat }) => seat.executor),
      );
      const all = [...before, ...more];
      placed.set(tx, all);
      afterCommit(tx, "tasks.placed", () => handOver(all));
      return result;
    },
  };
}

function take(taken: Map<string, number>, executor: Id, module: string): void {
  const key = `${executor} ${module}`;
  taken.set(key, (taken.get(key) ?? 0) + 1);
}

/** The one with the most room. What is sealed is opened for who asks for it. */
function seatFor(task: NewTask, find: FindSeats, taken: ReadonlyMap<string, number>): Seat | undefined {
  const { route, module } = task.draft;
  if ("outside" in route || task.sealed !== undefined || isEmpty(task)) return undefined;
  let best: Seat | undefined;
  let most = 0;
  for (const seat of find(task.tenantId, route satisfies ExecutorRoute, module)) {
    const { id, modules } = seat.executor;
    const room = (modules[module] ?? 0) - (taken.get(`${id} ${module}`) ?? 0);
    if (room <= most) continue;
    best = seat;
    most = room;
  }
  return best;
}
