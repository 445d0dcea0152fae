/** What a run does next, given how far its stages are. Pure: asked again after a crash it answers the same, so that it converges. */

/** How far one stage of a run is, in nodes: those that lag are counted apart. */
export interface StageProgress {
  readonly stage: number;
  readonly entry: number;
  /** Entries that have to end before it. */
  readonly waits: readonly number[];
  readonly total: number;
  /** Nodes that were begun, or passed over. */
  readonly begun: number;
  /** Of those: nodes that are through with it, however. */
  readonly ended: number;
  /** Nodes that lag and are not through with it; of those: such as have not begun. */
  readonly lagging: { readonly open: number; readonly waiting: number };
}

/** A stage that a node which lags is not through with. */
export interface LaggingJob {
  readonly node: number;
  readonly stage: number;
  readonly begun: boolean;
}

/** What an entry asks of its stages. */
export interface EntryRules {
  readonly async: boolean;
  /** Nodes at work at the same time; null: all. */
  readonly parallel: number | null;
  /** Nodes that begin together, when those before them are through; null: all. */
  readonly batch: number | null;
  /** Nodes that may fail; null: all. */
  readonly maxFailures: number | null;
  /** Nodes that failed so far. */
  readonly failed: number;
}

export interface RunProgress {
  readonly cancelled: boolean;
  /** It cannot go on: what is out comes to its end. */
  readonly broken: boolean;
  readonly entries: readonly EntryRules[];
  /** In their order; those of one entry stand together. */
  readonly stages: readonly StageProgress[];
  /** By node, then in the order of the stages. */
  readonly lagging: readonly LaggingJob[];
}

export type RunStep =
  /** The next nodes of a stage begin. */
  | { readonly kind: "begin"; readonly stage: number; readonly count: number; readonly lagging?: readonly number[] }
  /** Nodes that have not begun will not. */
  | { readonly kind: "drop"; readonly stage: number; readonly reason: "cancelled" | "broken" | "failures" }
  | { readonly kind: "end"; readonly status: "done" | "failed" | "cancelled" };

/** Steps to do now, in this order. None: something has to end before. */
export function nextSteps(run: RunProgress): readonly RunStep[] {
  const over = run.entries.some(({ failed, maxFailures }) => maxFailures !== null && failed > maxFailures);
  const reason = run.cancelled ? "cancelled" : run.broken ? "broken" : over ? "failures" : undefined;
  if (reason !== undefined) {
    const open = run.stages.filter(({ begun, total, lagging }) => begun < total || lagging.waiting > 0);
    if (open.length > 0) return open.map(({ stage }) => ({ kind: "drop", stage, reason }));
  }
  if (run.stages.every(({ ended, total, lagging }) => ended === total && lagging.open === 0)) {
    const failed = run.broken || run.entries.some((entry) => entry.failed > 0);
    return [{ kind: "end", status: run.cancelled ? "cancelled" : failed ? "failed" : "done" }];
  }
  const crowd = reached(run).flatMap((stage) => {
    const count = roomIn(stage, run.entries[stage.entry]!);
    return count > 0 ? [{ kind: "begin" as const, stage: stage.stage, count }] : [];
  });
  return [...crowd, ...following(run)];
}

/** Nodes that lag do their stages one after the other, none before the others have come to it. */
function following({ entries, stages, lagging }: RunProgress): readonly RunStep[] {
  if (lagging.length === 0) return [];
  const held =
    stages.find(({ entry, ended, total }) => !entries[entry]!.async && ended < total)?.stage ?? stages.length;
  const next = [...Map.groupBy(lagging, ({ node }) => node).values()].map(([first]) => first!);
  const ready = next.filter(({ begun, stage }) => !begun && stage <= held);
  return [...Map.groupBy(ready, ({ stage }) => stage)].map(([stage, jobs]) => ({
    kind: "begin",
    stage,
    count: jobs.length,
    lagging: jobs.map(({ node }) => node),
  }));
}

/** Stages whose turn has come and that have nodes to begin. */
function reached({ entries, stages }: RunProgress): readonly StageProgress[] {
  const open = new Set(stages.filter(({ ended, total }) => ended < total).map(({ entry }) => entry));
  const found: StageProgress[] = [];
  /** An entry that all behind it wait for. */
  let held = false;
  const seen = new Set<number>();
  for (const stage of stages) {
    if (stage.ended === stage.total || seen.has(stage.entry)) continue;
    if (held) break;
    // Stages of an entry come one after the other: the first that is open holds the others.
    seen.add(stage.entry);
    held = !entries[stage.entry]!.async;
    if (stage.begun < stage.total && !stage.waits.some((entry) => open.has(entry))) found.push(stage);
  }
  return found;
}

/** Nodes that may begin now. */
function roomIn({ total, begun, ended }: StageProgress, { parallel, batch }: EntryRules): number {
  const out = begun - ended;
  let room = total - begun;
  if (parallel !== null) room = Math.min(room, parallel - out);
  // The begun ones of the present batch; behind a whole batch the next begins only when all are through.
  if (batch !== null) {
    const within = begun % batch;
    room = within === 0 && out > 0 ? 0 : Math.min(room, batch - within, batch - out);
  }
  return room;
}
