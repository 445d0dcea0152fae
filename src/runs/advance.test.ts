import { assert, boolean, constantFrom, integer, option, property, record, array } from "fast-check";
import { describe, expect, it } from "vitest";
import { nextSteps, type EntryRules, type LaggingJob, type RunProgress, type StageProgress } from "./advance.ts";

/** A run played by the test: nodes of stages begin as the steps say, and end in any order. */
interface Node {
  state: "waiting" | "out" | "ended";
  lags: boolean;
}

interface Played {
  readonly entries: EntryRules[];
  readonly stages: { readonly entry: number; readonly waits: readonly number[]; readonly nodes: Node[] }[];
  cancelled: boolean;
  broken: boolean;
}

function progressOf({ entries, stages, cancelled, broken }: Played): RunProgress {
  const lagging: LaggingJob[] = [];
  const nodes = Math.max(0, ...stages.map((stage) => stage.nodes.length));
  for (let node = 0; node < nodes; node += 1) {
    for (const [stage, one] of stages.entries()) {
      const own = one.nodes[node];
      if (own?.lags === true && own.state !== "ended") lagging.push({ node, stage, begun: own.state === "out" });
    }
  }
  return {
    cancelled,
    broken,
    entries,
    lagging,
    stages: stages.map(({ entry, waits, nodes: all }, stage): StageProgress => {
      const open = lagging.filter((job) => job.stage === stage);
      const crowd = all.filter(({ lags, state }) => !lags || state === "ended");
      return {
        stage,
        entry,
        waits,
        total: crowd.length,
        begun: crowd.filter(({ state }) => state !== "waiting").length,
        ended: crowd.filter(({ state }) => state === "ended").length,
        lagging: { open: open.length, waiting: open.filter(({ begun }) => !begun).length },
      };
    }),
  };
}

const RULES: EntryRules = { async: false, parallel: null, batch: null, maxFailures: null, failed: 0 };

function played(rules: readonly Partial<EntryRules>[], counts: readonly (readonly number[])[]): Played {
  return {
    cancelled: false,
    broken: false,
    entries: rules.map((one) => ({ ...RULES, ...one })),
    stages: counts.flatMap((stages, entry) =>
      stages.map((count) => ({
        entry,
        waits: [],
        nodes: Array.from({ length: count }, (): Node => ({ state: "waiting", lags: false })),
      })),
    ),
  };
}

/** Takes all steps there are; returns the status when the run ended. */
function takeSteps(run: Played): string | undefined {
  for (;;) {
    const steps = nextSteps(progressOf(run));
    if (steps.length === 0) return undefined;
    for (const step of steps) {
      if (step.kind === "end") return step.status;
      const { nodes } = run.stages[step.stage]!;
      const some =
        step.kind === "drop"
          ? nodes.filter(({ state }) => state === "waiting")
          : step.lagging === undefined
            ? nodes.filter(({ state, lags }) => state === "waiting" && !lags).slice(0, step.count)
            : step.lagging.map((node) => nodes[node]!);
      expect(some.length).toBeGreaterThan(0);
      for (const node of some) node.state = step.kind === "drop" ? "ended" : "out";
    }
  }
}

function out(run: Played, stage: number): number {
  return run.stages[stage]!.nodes.filter(({ state }) => state === "out").length;
}

function end(run: Played, stage: number, count = Infinity): void {
  for (const node of run.stages[stage]!.nodes.filter(({ state }) => state === "out").slice(0, count))
    node.state = "ended";
}

describe("a run", () => {
  it("begins an entry when those before it have ended everywhere; asynchronous ones hold up nobody", () => {
    const run = played([{ async: true }, {}, {}], [[3], [2, 2], [3]]);
    takeSteps(run);
    expect([0, 1, 2, 3].map((stage) => out(run, stage))).toEqual([3, 2, 0, 0]);
    end(run, 1, 1);
    takeSteps(run);
    expect(out(run, 2)).toBe(0);
    end(run, 1);
    takeSteps(run);
    expect([2, 3].map((stage) => out(run, stage))).toEqual([2, 0]);
    end(run, 2);
    takeSteps(run);
    end(run, 3);
    expect(takeSteps(run)).toBeUndefined();
    end(run, 0);
    expect(takeSteps(run)).toBe("done");
  });

  it("keeps so many nodes at work, and rolls in batches", () => {
    const parallel = played([{ parallel: 2 }], [[5]]);
    takeSteps(parallel);
    expect(out(parallel, 0)).toBe(2);
    end(parallel, 0, 1);
    takeSteps(parallel);
    expect(out(parallel, 0)).toBe(2);
    const rolling = played([{ batch: 2 }], [[5]]);
    takeSteps(rolling);
    end(rolling, 0, 1);
    takeSteps(rolling);
    expect(out(rolling, 0)).toBe(1);
    end(rolling, 0);
    takeSteps(rolling);
    expect(out(rolling, 0)).toBe(2);
  });

  it("begins no further node when more failed than may", () => {
    const run = played([{ batch: 1, maxFailures: 0, failed: 1 }, {}], [[3], [3]]);
    expect(takeSteps(run)).toBe("failed");
  });

  it("that cannot go on begins nothing more, and fails when what is out has ended", () => {
    const run = played([{ async: true }, {}], [[2], [2, 2]]);
    takeSteps(run);
    end(run, 1);
    run.broken = true;
    expect(takeSteps(run)).toBeUndefined();
    expect(out(run, 2)).toBe(0);
    end(run, 0);
    expect(takeSteps(run)).toBe("failed");
  });

  it("waits for the entries that are named", () => {
    const run = played([{ async: true }, {}], [[1], [1]]);
    (run.stages[1] as { waits: readonly number[] }).waits = [0];
    takeSteps(run);
    expect(out(run, 1)).toBe(0);
    end(run, 0);
    takeSteps(run);
    expect(out(run, 1)).toBe(1);
  });

  it("goes on without nodes that lag, which follow one stage after the other", () => {
    const run = played([{}, {}, {}], [[3], [3], [3]]);
    takeSteps(run);
    for (const { nodes } of run.stages) nodes[2]!.lags = true;
    end(run, 0, 2);
    takeSteps(run);
    expect([0, 1].map((stage) => out(run, stage))).toEqual([1, 2]);
    end(run, 1, 2);
    takeSteps(run);
    end(run, 2, 2);
    expect(takeSteps(run)).toBeUndefined();
    for (const stage of [0, 1, 2]) {
      expect(out(run, stage)).toBe(1);
      end(run, stage);
      const status = takeSteps(run);
      expect(status).toBe(stage === 2 ? "done" : undefined);
    }
  });

  it("comes to its end whatever nodes do, and never has more at work than it may", () => {
    const rules = record({
      async: boolean(),
      parallel: option(integer({ min: 1, max: 3 })),
      batch: option(integer({ min: 1, max: 3 })),
      maxFailures: option(integer({ min: 0, max: 2 })),
    });
    const entry = record({ rules, counts: array(integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }) });
    const moves = array(constantFrom("end", "fail", "lag", "cancel", "break"), { maxLength: 200 });
    assert(
      property(array(entry, { minLength: 1, maxLength: 4 }), moves, (entries, todo) => {
        const run = played(
          entries.map((one) => one.rules),
          entries.map(({ counts }) => counts.map(() => Math.max(...counts))),
        );
        const left = [...todo];
        for (let round = 0; round < 1000; round += 1) {
          const status = takeSteps(run);
          if (status !== undefined) {
            expect(run.stages.every(({ nodes }) => nodes.every(({ state }) => state === "ended"))).toBe(true);
            return;
          }
          for (const [stage, { entry: own, nodes }] of run.stages.entries()) {
            const { parallel, batch } = run.entries[own]!;
            const crowd = nodes.filter(({ state, lags }) => state === "out" && !lags).length;
            expect([stage, crowd <= Math.min(parallel ?? Infinity, batch ?? Infinity)]).toEqual([stage, true]);
          }
          const stage = run.stages.findIndex(({ nodes }) => nodes.some(({ state }) => state === "out"));
          // Nothing is out, nothing is to be done, and it has not ended: it would stand still for ever.
          expect(stage).toBeGreaterThanOrEqual(0);
          const { nodes, entry: own } = run.stages[stage]!;
          const node = nodes.findIndex(({ state }) => state === "out");
          const move = left.shift() ?? "end";
          if (move === "lag")
            for (const one of run.stages) if (one.nodes[node] !== undefined) one.nodes[node].lags = true;
          if (move === "cancel") run.cancelled = true;
          if (move === "break") run.broken = true;
          if (move === "fail") run.entries[own] = { ...run.entries[own]!, failed: run.entries[own]!.failed + 1 };
          if (move === "end" || move === "fail") nodes[node]!.state = "ended";
        }
        expect.fail("it does not end");
      }),
      { numRuns: 300 },
    );
  });
});
