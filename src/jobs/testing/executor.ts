import type { Json } from "../../kernel/json.ts";
import type { Assignment, Executor, ItemResult, TaskCancel, TaskResult, TaskService } from "../index.ts";

/** An executor in the process of the test: it does tasks by plain functions, and reports in batches. */
export interface TestExecutor {
  readonly identity: Executor;
  /** Tasks in the order they were begun, with their attempts. */
  readonly begun: readonly {
    readonly task: string;
    readonly attempt: number;
    readonly function: string;
    readonly parameters: Json;
  }[];
  /** Cancels heard. */
  readonly cancels: readonly TaskCancel[];
  stop(): Promise<void>;
}

export type TestFunction = (
  parameters: Json,
  about: { readonly assignment: Assignment; readonly cancelled: Promise<void> },
) => Promise<Json> | Json;

export interface TestExecutorParts {
  readonly tasks: TaskService;
  readonly functions: Readonly<Record<string, TestFunction>>;
  readonly id?: string;
  readonly session?: string;
  readonly agentId?: string;
  /** Left out: it serves every tenant. */
  readonly tenantId?: string;
  readonly module?: string;
  readonly slots?: number;
  /** It died before and remembers nothing: says so first. */
  readonly reborn?: boolean;
}

export class TestFailure extends Error {
  readonly outcome: TaskResult["outcome"];
  constructor(message: string, outcome: TaskResult["outcome"] = "failed") {
    super(message);
    this.outcome = outcome;
  }
}

export function startExecutor(parts: TestExecutorParts): TestExecutor {
  const { tasks } = parts;
  const slots = parts.slots ?? 100;
  const module = parts.module ?? "toy";
  const id = parts.id ?? "executor";
  const begun: TestExecutor["begun"][number][] = [];
  const cancels: TaskCancel[] = [];
  const cancellations = new Map<string, () => void>();
  let free = slots;
  let looking: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let known = parts.reborn !== true;
  let working = 0;
  let idle = Promise.withResolvers<void>();

  function identity(): Executor {
    const base = { id, tenantId: parts.tenantId ?? null, session: parts.session ?? "one", modules: { [module]: free } };
    return parts.agentId === undefined ? { ...base, siteIds: "all" } : { ...base, agentId: parts.agentId, siteIds: [] };
  }

  function look(): void {
    again = true;
    looking ??= claimAll().finally(() => {
      looking = undefined;
      // Something may have become ready between the last claim and here.
      if (again && free > 0 && !stopped) look();
    });
  }

  async function claimAll(): Promise<void> {
    if (!known) await tasks.reconcile(identity(), []);
    known = true;
    while (again && free > 0 && !stopped) {
      again = false;
      const assignments = await tasks.claim(identity());
      if (assignments.length === 0) continue;
      again = true;
      free -= assignments.length;
      void work(assignments);
    }
  }

  async function work(assignments: readonly Assignment[]): Promise<void> {
    working += 1;
    try {
      const { granted } = await tasks.started(identity(), assignments);
      const names = new Set(granted.map((one) => one.task));
      const mine = assignments.filter((one) => names.has(one.task));
      free += assignments.length - mine.length;
      const direct: TaskResult[] = [];
      const late: Promise<void>[] = [];
      for (const assignment of mine) {
        const result = attempt(assignment);
        if (result instanceof Promise) late.push(result.then((one) => report([one])));
        else direct.push(result);
      }
      if (direct.length > 0) await report(direct);
      await Promise.all(late);
    } catch (error) {
      if (!stopped) throw error;
    } finally {
      working -= 1;
      if (working === 0) {
        idle.resolve();
        idle = Promise.withResolvers();
      }
    }
  }

  async function report(results: readonly TaskResult[]): Promise<void> {
    free += results.length;
    await tasks.report(identity(), { results });
    look();
  }

  function attempt(assignment: Assignment): TaskResult | Promise<TaskResult> {
    begun.push({
      task: assignment.task,
      attempt: assignment.attempt,
      function: assignment.function,
      parameters: assignment.parameters,
    });
    const ref = { task: assignment.task, attempt: assignment.attempt };
    try {
      const value = call(assignment);
      if (!(value instanceof Promise)) return { ...ref, outcome: "done", ...value };
      return value.then(
        (answer) => ({ ...ref, outcome: "done" as const, ...answer }),
        (error: unknown) => failure(ref, error),
      );
    } catch (error) {
      return failure(ref, error);
    }
  }

  type Answer =
    | { readonly value: Json }
    | { readonly items: readonly ItemResult[]; readonly outcome: TaskResult["outcome"] };

  function call(assignment: Assignment): Answer | Promise<Answer> {
    if (assignment.batch !== undefined) return batch(assignment);
    const run = found(assignment.function);
    const cancelled = new Promise<void>((resolve) => cancellations.set(assignment.task, resolve));
    const about = { assignment, cancelled };
    const value = run(assignment.parameters, about);
    return value instanceof Promise ? value.then((settled) => ({ value: settled })) : { value };
  }

  function found(name: string): TestFunction {
    const run = parts.functions[name];
    if (run === undefined) throw new TestFailure(`no function ${name}`);
    return run;
  }

  function batch(assignment: Assignment): Answer {
    const items: ItemResult[] = [];
    let failed = false;
    for (const { item, parameters, function: name } of assignment.batch!) {
      try {
        items.push({
          item,
          outcome: "done",
          value: found(name ?? assignment.function)(parameters, {
            assignment,
            cancelled: new Promise(() => {}),
          }) as Json,
        });
      } catch (error) {
        items.push({ item, outcome: "failed", error: { message: (error as Error).message } });
        failed = true;
        if (!assignment.keepGoing) break;
      }
    }
    return { items, outcome: failed && !assignment.keepGoing ? "failed" : "done" };
  }

  const stopReady = tasks.onReady(look);
  const stopCancel = tasks.onCancel((all) => {
    for (const one of all) {
      if (one.executorId !== id) continue;
      cancels.push(one);
      cancellations.get(one.task)?.();
    }
  });
  look();

  return {
    get identity() {
      return identity();
    },
    begun,
    cancels,
    async stop() {
      stopped = true;
      stopReady();
      stopCancel();
      await looking;
      while (working > 0) await idle.promise;
    },
  };
}

function failure(ref: { task: string; attempt: number }, error: unknown): TaskResult {
  const outcome = error instanceof TestFailure ? error.outcome : "failed";
  return { ...ref, outcome, error: { message: (error as Error).message } };
}
