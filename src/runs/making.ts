import type { Starter } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Definition, RunNode } from "./model.ts";
import { ORCHESTRATION_INVALID } from "./errors.ts";
import type { Compiled } from "./orchestration/compile.ts";
import { shareOf, type Entry } from "./orchestration/model.ts";
import { linesOf, programOf } from "./programs.ts";
import type { NewRun } from "./store.ts";

/** A run as it begins, from what it is to do and where. Pure. */

export interface Making {
  readonly id: Id;
  readonly tenantId: Id;
  readonly text: string;
  readonly createdAt: number;
  readonly plan: boolean;
  readonly starter: Starter;
  readonly resumes: Id | null;
  readonly entries: readonly (Omit<Entry, "jobs" | "targets" | "vars"> & { readonly vars?: JsonObject | undefined })[];
  readonly compiled: Compiled;
  /** The nodes of each entry. */
  readonly nodes: readonly (readonly RunNode[])[];
  readonly ignoreCache: boolean;
  readonly cache: "use" | "none";
  /** Of a run that does the rest of another: the lines that are left for a node. Left out: all. */
  readonly left?: (entry: number, node: string) => readonly number[];
}

/** Stages on nodes of one run: each is a row that is written before it begins. */
export const MOST_PLACES = 500_000;

/** Errors: `orchestration_invalid`. */
export function checkSize(places: number): void {
  if (places > MOST_PLACES)
    throw new GantryError(
      ORCHESTRATION_INVALID,
      `it is more than ${MOST_PLACES} stages on nodes; run it in parts, with fewer nodes, entries or verbs that wait for each other`,
    );
}

/** Characters of what one stage is: more is stored and sent to nobody. */
const LONGEST_STAGE = 8 * 1024 * 1024;

function checkStages(definition: Definition): void {
  for (const stage of definition.stages.keys()) {
    const program = programOf(definition, stage, { first: true, chosen: null, given: null, goesOn: false });
    if (JSON.stringify(program?.source ?? null).length > LONGEST_STAGE)
      throw new GantryError(
        ORCHESTRATION_INVALID,
        `the verbs of one entry are more than ${LONGEST_STAGE} characters; make several entries of it`,
      );
  }
}

/** Errors: `orchestration_invalid` for one that is too large. */
export function makeRun(making: Making): NewRun {
  const { compiled, entries } = making;
  checkSize(compiled.stages.reduce((sum, { entry }) => sum + making.nodes[entry]!.length, 0));
  const numbers = new Map<string, number>();
  const nodes: RunNode[] = [];
  function numberOf(node: RunNode): number {
    const known = numbers.get(node.agentId);
    if (known !== undefined) return known;
    numbers.set(node.agentId, nodes.length);
    nodes.push(node);
    return nodes.length - 1;
  }
  const definition: Definition = {
    ...compiled,
    entries: entries.map(({ name, async, vars }) => ({
      ...(name === undefined ? {} : { name }),
      async,
      ...(vars === undefined ? {} : { vars }),
    })),
    ignoreCache: making.ignoreCache,
    cache: making.cache,
  };
  checkStages(definition);
  const stages = compiled.stages.map(({ entry }, stage) => ({
    entry,
    jobs: making.nodes[entry]!.flatMap((node) => {
      const left = making.left?.(entry, node.name);
      if (left === undefined) return [{ node: numberOf(node) }];
      const chosen = linesOf(definition, stage, { first: true, chosen: left });
      return chosen.length === 0 ? [] : [{ node: numberOf(node), chosen }];
    }),
  }));
  return {
    run: {
      id: making.id,
      tenantId: making.tenantId,
      text: making.text,
      createdAt: making.createdAt,
      finishedAt: null,
      status: "running",
      cancelled: false,
      plan: making.plan,
      nodes: nodes.length,
      resumes: making.resumes,
      starter: making.starter,
      error: null,
    },
    definition,
    entries: entries.map((entry, index) => rulesOf(entry, making.nodes[index]!.length)),
    stages,
    nodes,
  };
}

function rulesOf(entry: Making["entries"][number], total: number): NewRun["entries"][number] {
  return {
    total,
    async: entry.async,
    goesOn: entry.onFailure === "continue",
    parallel: entry.parallel ?? null,
    batch: entry.batch === undefined ? null : shareOf(entry.batch, total, 1),
    maxFailures: entry.maxFailures === undefined ? null : shareOf(entry.maxFailures, total, 0),
  };
}
