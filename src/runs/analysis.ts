import type { ShownLine, VerbResult } from "./results.ts";

/** Where the time of a run went. Pure. */

/** How long tasks of a run took, in milliseconds of the server's clock. */
export interface TaskTimes {
  readonly node: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly settledAt: number | null;
}

export interface VerbTime {
  readonly verb: ShownLine;
  readonly nodes: number;
  /** Over all nodes, and the longest, in milliseconds. */
  readonly total: number;
  readonly mean: number;
  readonly longest: number;
  /** The node that took the longest. */
  readonly slowest: string;
}

export interface NodeTime {
  readonly node: string;
  /** Its verbs, in milliseconds. */
  readonly execution: number;
  /** Until it took its lists of verbs: it was busy, or not connected. */
  readonly waiting: number;
  /** What else there was between taking a list and its result. */
  readonly roundTrip: number;
  readonly verbs: number;
}

export interface Analysis {
  /** The slowest first. */
  readonly verbs: readonly VerbTime[];
  readonly nodes: readonly NodeTime[];
  /** Over all nodes. */
  readonly total: Omit<NodeTime, "node">;
}

/** Verbs and nodes that are told. */
const TOLD = 20;

export function analyse(
  lines: readonly ShownLine[],
  results: readonly VerbResult[],
  tasks: readonly TaskTimes[],
): Analysis {
  const timed = results.filter((one) => one.milliseconds !== null);
  const verbs = [...Map.groupBy(timed, ({ job }) => job)].map(([job, own]): VerbTime => {
    const total = sum(own.map(({ milliseconds }) => milliseconds!));
    const slowest = own.reduce((a, b) => (b.milliseconds! > a.milliseconds! ? b : a));
    return {
      verb: lines[job - 1]!,
      nodes: own.length,
      total,
      mean: total / own.length,
      longest: slowest.milliseconds!,
      slowest: slowest.node,
    };
  });
  const byNode = Map.groupBy(tasks, ({ node }) => node);
  const verbsOf = Map.groupBy(timed, ({ node }) => node);
  const names = new Set([...byNode.keys(), ...verbsOf.keys()]);
  const nodes = [...names].map((node) => timeOf(node, byNode.get(node) ?? [], verbsOf.get(node) ?? []));
  return {
    verbs: verbs.sort((a, b) => b.longest - a.longest).slice(0, TOLD),
    nodes: nodes.toSorted((a, b) => b.execution + b.waiting - a.execution - a.waiting).slice(0, TOLD),
    total: {
      execution: sum(nodes.map(({ execution }) => execution)),
      waiting: sum(nodes.map(({ waiting }) => waiting)),
      roundTrip: sum(nodes.map(({ roundTrip }) => roundTrip)),
      verbs: sum(nodes.map(({ verbs: count }) => count)),
    },
  };
}

function timeOf(node: string, tasks: readonly TaskTimes[], verbs: readonly VerbResult[]): NodeTime {
  const execution = sum(verbs.map(({ milliseconds }) => milliseconds!));
  const waiting = sum(
    tasks.map(({ createdAt, startedAt, settledAt }) => (startedAt ?? settledAt ?? createdAt) - createdAt),
  );
  const out = sum(
    tasks.map(({ startedAt, settledAt }) => (startedAt === null || settledAt === null ? 0 : settledAt - startedAt)),
  );
  return {
    node,
    execution,
    waiting: Math.max(0, waiting),
    roundTrip: Math.max(0, out - execution),
    verbs: verbs.length,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
