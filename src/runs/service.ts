import { createAudit, forbidden, recordActor, type Place, type Principal } from "../access/index.ts";
import type { JobService } from "../jobs/index.ts";
import { starterOf } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Coordinator } from "./coordinator.ts";
import { NO_NODES, ORCHESTRATION_INVALID, RUN_STANDS, RUN_UNKNOWN } from "./errors.ts";
import { matchesIn } from "./expression.ts";
import { followRun } from "./follow.ts";
import { analyse, type Analysis, type TaskTimes } from "./analysis.ts";
import { checkSize, makeRun, type Making } from "./making.ts";
import {
  addCounts,
  NO_COUNTS,
  type Counts,
  type Definition,
  type Node,
  type RunOutputLine,
  type RunRequest,
} from "./model.ts";
import { compile, type LineMeaning, type RunLine, type VerbCall } from "./orchestration/compile.ts";
import { lineId, type Entry, type JobLine } from "./orchestration/model.ts";
import {
  deleteRun,
  insertRun,
  markCancelled,
  selectEntries,
  selectJobs,
  selectNodes,
  selectRun,
  selectRuns,
  selectStages,
  type NodeJob,
  type StoredEntry,
  type StoredRun,
  type StoredStage,
} from "./store.ts";
import { leftOf } from "./resume.ts";
import { resultsOf, shownLine, type ShownLine, type VerbResult } from "./results.ts";
import { withoutTexts } from "./shown-text.ts";
import { createChooser, type TargetWorld } from "./targets.ts";

/** A run with how far it is: what its reader may see of it. */
export interface RunView {
  readonly run: StoredRun;
  readonly definition: Definition;
  readonly entries: readonly StoredEntry[];
  readonly stages: readonly StoredStage[];
  /** Those of nodes that the reader may see, in the order of stage and node. */
  readonly jobs: readonly NodeJob[];
}

export type FollowedLine = RunOutputLine | { readonly kind: "run"; readonly view: RunView };

export interface RunService {
  /**
   * Begins a run. Errors: `node_unknown`, `target_invalid`, `pattern_wrong`, `pattern_too_slow`, `no_nodes`, `orchestration_invalid`, `run_call_invalid`, `run_unknown`;
   * `forbidden` where the node may be seen.
   */
  create(principal: Principal, request: RunRequest): Promise<RunView>;
  /** With the nodes that may be seen. Errors: `run_unknown`, also when none may. */
  get(principal: Principal, id: Id): Promise<RunView>;
  /** Newest first, those made before the run `before`. A page may be shorter than its limit: what is looked at for one is bounded. */
  list(
    principal: Principal,
    page: { readonly before: Id | null; readonly limit: number },
  ): Promise<{ readonly items: readonly StoredRun[]; readonly next: Id | null }>;
  /** Its verbs on nodes that may be seen, behind a place. Errors: `run_unknown`. */
  results(principal: Principal, id: Id, page: ResultPage): Promise<readonly VerbResult[]>;
  /** Its verbs, behind so many. Errors: `run_unknown`. */
  verbs(
    principal: Principal,
    id: Id,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly ShownLine[]>;
  /** Where its time went. Errors: `run_unknown`. */
  analysis(principal: Principal, id: Id): Promise<Analysis>;
  /** Everything about it, one thing after the other. Errors: `run_unknown`. */
  export(principal: Principal, id: Id): AsyncGenerator<ExportedLine>;
  /** Stops what is out, and begins nothing more. Errors: `run_unknown`, `forbidden`, `run_stands`. */
  cancel(principal: Principal, id: Id): Promise<RunView>;
  /** What the nodes write, as it comes, and how each ended its stages; ends with the run, which is last. Errors: `run_unknown`. */
  follow(principal: Principal, id: Id): Promise<(signal: AbortSignal) => AsyncGenerator<FollowedLine>>;
  /** Removes a run that ended, with its jobs and what they wrote. Errors: `run_unknown`, `forbidden`, `run_stands`. */
  remove(principal: Principal, id: Id): Promise<void>;
}

export interface RunParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly coordinator: Coordinator;
  /** Every agent of the tenant that has joined, by name; `names`: those of them that there are. */
  nodes(tenantId: Id, names?: readonly string[]): Promise<readonly Node[]>;
  /** What targets may ask of nodes. */
  world(principal: Principal, nodes: readonly Node[]): Promise<Omit<TargetWorld, "matching">>;
  /** Who reads the texts of these verbs, some of which may be of the tenant's own making. What is returned throws a GantryError. */
  meanings(principal: Principal, lines: readonly JobLine[]): Promise<(line: JobLine) => LineMeaning>;
  /** Somebody may send what these calls send, as if they had brought it themselves. */
  share(principal: Principal, calls: readonly VerbCall[]): Promise<void>;
}

/** Names that are looked up one by one. */
const FEW = 100;

export function createRunService(parts: RunParts): RunService {
  const { database, clock, random } = parts;
  const audit = createAudit(parts);

  /** Nodes by name that may be seen, and whether verbs may be run there. */
  async function seen({ tenantId, rights }: Principal, names?: readonly string[]): Promise<ReadonlyMap<string, Node>> {
    const all = await parts.nodes(tenantId, names);
    const may = (place: Place): boolean => rights.at("run.start", place) || rights.at("fleet.read", place);
    return new Map(all.filter(({ place }) => may(place)).map((node) => [node.name, node]));
  }

  /**
   * The same where all targets are the names of a few nodes: what that costs does not grow with the fleet. Undefined: it has to be looked at all
   * nodes, be it for a hint.
   */
  async function namedAlone(
    principal: Principal,
    lists: readonly (readonly string[] | undefined)[],
  ): Promise<readonly (readonly Node[])[] | undefined> {
    const names = new Set(lists.flatMap((list) => list ?? []));
    if (names.size > FEW || lists.some((list) => list === undefined || list.length === 0)) return undefined;
    const visible = await seen(principal, [...names]);
    if (visible.size < names.size) return undefined;
    return lists.map((list) =>
      [...new Set(list)].map((name) => {
        const node = visible.get(name)!;
        if (!principal.rights.at("run.start", node.place))
          throw forbidden(principal.name, "run.start", `at node '${name}'`);
        return node;
      }),
    );
  }

  /** The nodes of each entry. */
  async function chosen(
    principal: Principal,
    lists: readonly (readonly string[] | undefined)[],
  ): Promise<readonly (readonly Node[])[]> {
    const few = await namedAlone(principal, lists);
    if (few !== undefined) {
      checkSize(few.reduce((sum, nodes) => sum + nodes.length, 0));
      return few;
    }
    const { name: who, rights } = principal;
    const visible = await seen(principal);
    const own = [...visible.values()].filter(({ place }) => rights.at("run.start", place)).sort(byName);
    const matching = await matchesIn(lists, [...visible.keys()], clock);
    const world = lists.every((list) => list === undefined)
      ? undefined
      : await parts.world(principal, [...visible.values()].sort(byName));
    const choose = world === undefined ? undefined : createChooser({ ...world, matching });
    function nodesFor(targets: readonly string[]): readonly Node[] {
      // Without a name, what may not be used is not meant; who names a node is told.
      const named = new Set(targets);
      return choose!(targets).flatMap((name) => {
        const node = visible.get(name)!;
        if (rights.at("run.start", node.place)) return [node];
        if (named.has(name)) throw forbidden(who, "run.start", `at node '${name}'`);
        return [];
      });
    }
    // One list may stand for all entries.
    const known = new Map<readonly string[] | undefined, readonly Node[]>([[undefined, own]]);
    let places = 0;
    const found = lists.map((targets) => {
      const nodes = known.get(targets) ?? nodesFor(targets!);
      known.set(targets, nodes);
      places += nodes.length;
      checkSize(places);
      return nodes;
    });
    if (own.length === 0) throw new GantryError(NO_NODES, `there is no agent on which ${who} may run anything`);
    if (found.every((nodes) => nodes.length === 0)) throw new GantryError(NO_NODES, "no node is meant by the targets");
    return found;
  }

  async function viewOf(run: StoredRun, visible: (node: NodeJob) => boolean): Promise<RunView> {
    const definition = await parts.coordinator.definition(run.id);
    const [entries, stages, jobs] = await Promise.all([
      selectEntries(database.kysely, run.id),
      selectStages(database.kysely, run.id),
      selectJobs(database.kysely, run.id),
    ]);
    const open = await openCounts(run, jobs);
    const own = jobs.filter(visible).map((job) => ({ ...job, counts: open.get(job.jobId ?? "") ?? job.counts }));
    return { run, definition, entries, stages, jobs: own };
  }

  /** How the verbs ended so far of lists that go on, by job; of very many lists only whole ones are counted. */
  async function openCounts({ id, status }: StoredRun, jobs: readonly NodeJob[]): Promise<ReadonlyMap<Id, Counts>> {
    const begun = new Set(jobs.flatMap(({ state, jobId }) => (state === "begun" && jobId !== null ? [jobId] : [])));
    const found = new Map<Id, Counts>();
    if (status !== "running" || begun.size === 0 || begun.size > MOST_COUNTED) return found;
    for (let after: Id | null = null; ;) {
      const page = await parts.jobs.itemCounts(id, { after, limit: MOST_COUNTED });
      for (const { jobId, ok, changed, failed, skipped, interrupted, unreachable } of page)
        if (begun.has(jobId)) found.set(jobId, { ok, changed, failed, skipped, interrupted, unreachable });
      if (page.length < MOST_COUNTED) return found;
      after = page.at(-1)!.jobId;
    }
  }

  /** Whether somebody may see what happened on a node: also of one that is gone, who may see all. */
  async function sight({ tenantId, rights }: Principal): Promise<(node: { readonly agentId: Id }) => boolean> {
    if (rights.everywhere("run.read")) return () => true;
    const nodes = await parts.nodes(tenantId);
    const own = new Set(nodes.filter(({ place }) => rights.at("run.read", place)).map(({ agentId }) => agentId));
    return ({ agentId }) => own.has(agentId);
  }

  async function get(principal: Principal, id: Id): Promise<RunView> {
    const run = await selectRun(database.kysely, principal.tenantId, id);
    if (run === undefined) throw unknownRun(id);
    const view = await viewOf(run, await sight(principal));
    if (view.jobs.length === 0 && !principal.rights.everywhere("run.read")) throw unknownRun(id);
    return view;
  }

  async function pageOfResults(
    principal: Principal,
    id: Id,
    { after, limit, state, node: only }: ResultPage,
  ): Promise<readonly VerbResult[]> {
    const view = await get(principal, id);
    const found: VerbResult[] = [];
    const [stage, node, job] = after ?? [0, -1, 0];
    const own = only === undefined ? view.jobs : view.jobs.filter(({ name }) => name === only);
    const rest = own.filter((one) => one.stage > stage || (one.stage === stage && one.node >= node));
    for (const some of chunks(rest, PLACES)) {
      for (const result of await resultsOf(parts, view, some)) {
        if (state !== undefined && state !== result.state) continue;
        if (result.stage === stage && result.nodeNumber === node && result.job <= job) continue;
        found.push(result);
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  /** The rest of a run that ended, with the rights of who wants it. */
  async function restOf(principal: Principal, id: Id): Promise<Rest> {
    const view = await controlled(principal, id);
    const { definition, entries, run } = view;
    if (run.status === "running") throw new GantryError(RUN_STANDS, `run ${id} is running, so it cannot be resumed`);
    const results: VerbResult[] = [];
    for (const some of chunks(view.jobs, PLACES)) results.push(...(await resultsOf(parts, view, some)));
    const left = leftOf(definition, results);
    const nodes = entries.map((_, index) => {
      const own = view.jobs.filter(({ stage }) => definition.stages[stage]!.entry === index);
      const byNode = new Map(own.map(({ node, agentId, name }) => [node, { agentId, name }]));
      return [...byNode].sort(([a], [b]) => a - b).map(([, node]) => node);
    });
    if (nodes.every((some, index) => some.every(({ name }) => left(index, name).length === 0)))
      throw new GantryError(RUN_STANDS, `nothing of run ${id} is left to do`);
    // Who may run verbs on all its nodes could read there what it sent.
    await parts.share(
      principal,
      definition.lines.flatMap(({ calls }) => calls),
    );
    return {
      compiled: { lines: definition.lines, stages: definition.stages },
      entries: entries.map((entry, index) => ({
        ...definition.entries[index]!,
        onFailure: entry.goesOn ? ("continue" as const) : ("stop" as const),
        ...(entry.parallel === null ? {} : { parallel: entry.parallel }),
        ...(entry.batch === null ? {} : { batch: entry.batch }),
        ...(entry.maxFailures === null ? {} : { maxFailures: entry.maxFailures }),
      })),
      nodes,
      left,
      ignoreCache: definition.ignoreCache,
      cache: definition.cache,
    };
  }

  /** What is to be done, and where. */
  async function wholeOf(principal: Principal, request: RunRequest): Promise<Rest> {
    const entries = entriesOf(request);
    const meaning = await parts.meanings(
      principal,
      entries.flatMap(({ jobs }) => jobs),
    );
    const compiled = compile(entries, {
      meaning,
      ...(request.restrict === undefined ? {} : { restrict: request.restrict }),
    });
    const nodes = await chosen(
      principal,
      entries.map(({ targets }) => request.targets ?? targets),
    );
    return { compiled, entries, nodes, ignoreCache: request.ignoreCache, cache: request.cache };
  }

  /** Who may run verbs on all its nodes may do with the run what they want. */
  async function controlled(principal: Principal, id: Id): Promise<RunView> {
    const view = await get(principal, id);
    const { rights, tenantId, name } = principal;
    if (rights.everywhere("run.start")) return view;
    const places = new Map((await parts.nodes(tenantId)).map((node) => [node.agentId, node.place]));
    for (const node of await selectNodes(database.kysely, id)) {
      const place = places.get(node.agentId);
      if (place === undefined || !rights.at("run.start", place))
        throw forbidden(name, "run.start", "at every node of the run");
    }
    return view;
  }

  return {
    async create(principal, request) {
      const { tenantId } = principal;
      const what =
        request.resume !== undefined && request.entries === undefined
          ? await restOf(principal, request.resume)
          : await wholeOf(principal, request);
      const made = makeRun({
        ...what,
        id: random.id(),
        tenantId,
        text: shownText(request, what.compiled.lines),
        createdAt: clock.now(),
        plan: request.plan,
        starter: starterOf(principal),
        resumes: request.resume ?? null,
      });
      const { run } = made;
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        const subject = { kind: "run", id: run.id, name: run.text.slice(0, 200) };
        const data = {
          text: run.text,
          nodes: made.nodes.slice(0, NODES_TOLD).map(({ name }) => name),
          count: made.nodes.length,
        };
        await audit.append(tx, [{ chain: tenantId, action: "run.started", subject, data }]);
        await insertRun(database, tx, made);
        await parts.events.append(tx, [
          {
            tenantId,
            type: "run.started",
            subject: { kind: "run", id: run.id },
            data: { text: run.text, nodes: run.nodes },
          },
        ]);
        parts.coordinator.wakeAfter(tx, run.id);
      });
      return viewOf(run, () => true);
    },
    get,
    async list(principal, { before, limit }) {
      const { tenantId, rights } = principal;
      if (rights.everywhere("run.read")) {
        const items = await selectRuns(database.kysely, tenantId, before, limit);
        return { items, next: items.length < limit ? null : items.at(-1)!.id };
      }
      const visible = await sight(principal);
      const items: StoredRun[] = [];
      let looked = 0;
      for (let last = before; ;) {
        const some = await selectRuns(database.kysely, tenantId, last, LOOKED_AT);
        for (const run of some) {
          if ((await selectNodes(database.kysely, run.id)).some(visible)) items.push(run);
          last = run.id;
          looked += 1 + run.nodes;
          if (items.length === limit || looked >= MOST_LOOKED_AT) return { items, next: run.id };
        }
        if (some.length < LOOKED_AT) return { items, next: null };
      }
    },
    async follow(principal, id) {
      const view = await get(principal, id);
      const visible = await sight(principal);
      return (signal) => followRun(parts, view, { visible, again: () => get(principal, id) }, signal);
    },
    results: pageOfResults,
    async verbs(principal, id, { after, limit }) {
      const { definition } = await get(principal, id);
      return definition.lines.slice(after, after + limit).map((line, index) => shownLine(line, after + index));
    },
    async analysis(principal, id) {
      const view = await get(principal, id);
      const results: VerbResult[] = [];
      const times: TaskTimes[] = [];
      for (const some of chunks(view.jobs, PLACES)) {
        results.push(...(await resultsOf(parts, view, some)));
        for (const { jobId, name } of some) {
          if (jobId === null) continue;
          for (const { createdAt, startedAt, settledAt } of await parts.jobs.tasks(jobId, {
            after: null,
            limit: LOOKED_AT,
          }))
            times.push({ node: name, createdAt, startedAt, settledAt });
        }
      }
      return analyse(view.definition.lines.map(shownLine), results, times);
    },
    async *export(principal, id) {
      const view = await get(principal, id);
      yield { kind: "run", view };
      for (const [index, line] of view.definition.lines.entries()) yield { kind: "verb", verb: shownLine(line, index) };
      for (const some of chunks(view.jobs, PLACES))
        for (const result of await resultsOf(parts, view, some)) yield { kind: "result", result };
    },
    async cancel(principal, id) {
      const { run } = await controlled(principal, id);
      if (run.status !== "running")
        throw new GantryError(RUN_STANDS, `run ${id} is ${run.status}, so it cannot be cancelled`);
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        await markCancelled(tx, id);
        const subject = { kind: "run", id, name: run.text.slice(0, 200) };
        await audit.append(tx, [{ chain: run.tenantId, action: "run.cancelled", subject, data: {} }]);
        parts.coordinator.wakeAfter(tx, id);
      });
      return get(principal, id);
    },
    async remove(principal, id) {
      const { run } = await controlled(principal, id);
      if (run.status === "running") throw new GantryError(RUN_STANDS, `run ${id} is running, so it cannot be removed`);
      // The run goes last: when it is broken off here, it is still there to be removed.
      await parts.jobs.remove(id);
      await database.transaction(async (tx) => {
        recordActor(tx, principal);
        await deleteRun(tx, id);
        const subject = { kind: "run", id, name: run.text.slice(0, 200) };
        await audit.append(tx, [{ chain: run.tenantId, action: "run.removed", subject, data: {} }]);
      });
    },
  };
}

/** What a run is made of. */
type Rest = Pick<Making, "compiled" | "entries" | "nodes" | "left" | "ignoreCache" | "cache">;

/** A place in the results of a run: behind this stage, node and verb. */
export type ResultPlace = readonly [stage: number, node: number, job: number];

export interface ResultPage {
  readonly after: ResultPlace | null;
  readonly limit: number;
  /** Only those in this state. */
  readonly state?: VerbResult["state"];
  /** Only those of this node. */
  readonly node?: string;
}

export type ExportedLine =
  | { readonly kind: "run"; readonly view: RunView }
  | { readonly kind: "verb"; readonly verb: ShownLine }
  | { readonly kind: "result"; readonly result: VerbResult };

/** Stages on nodes whose results are read in one go: each may have thousands. */
const PLACES = 20;

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Lists that go on of which each verb is counted. */
const MOST_COUNTED = 500;

/** Names of nodes in an entry of the audit. */
const NODES_TOLD = 1000;
/** Runs looked at in one go for one page. */
const LOOKED_AT = 200;
/** Runs and their nodes looked at for one page, where somebody may not see all. */
const MOST_LOOKED_AT = 20_000;

/** What was typed, without the texts of verbs that are sensitive. */
function shownText({ text, entries = [] }: RunRequest, lines: readonly RunLine[]): string {
  const sensitive = new Set(lines.flatMap((line) => (line.sensitive ? [line.id] : [])));
  const hidden = entries.flatMap(({ jobs }) => jobs.filter((job) => job.text !== "" && sensitive.has(lineId(job))));
  return withoutTexts(
    text,
    hidden.map((job) => job.text),
  );
}

function entriesOf({ entries, resume }: RunRequest): readonly Entry[] {
  if (entries === undefined || resume !== undefined)
    throw new GantryError(ORCHESTRATION_INVALID, "a run needs either entries or a run that it resumes");
  return entries;
}

function byName(a: Node, b: Node): number {
  return a.name < b.name ? -1 : 1;
}

export function unknownRun(id: Id): GantryError {
  return new GantryError(RUN_UNKNOWN, `there is no run ${id}`);
}

/** What became of a run on each node, over all its stages. */
export function nodeSummaries(jobs: readonly NodeJob[]): readonly NodeSummary[] {
  const found = new Map<
    number,
    { name: string; states: string[]; counts: Counts; jobs: Id[]; exitCode: number | null; message: string | null }
  >();
  for (const job of jobs) {
    const own = found.get(job.node) ?? {
      name: job.name,
      states: [],
      counts: NO_COUNTS,
      jobs: [],
      exitCode: null,
      message: null,
    };
    found.set(job.node, own);
    own.states.push(job.state);
    own.counts = addCounts(own.counts, job.counts);
    if (job.jobId !== null) own.jobs.push(job.jobId);
    own.exitCode ??= job.exitCode;
    own.message ??= job.message;
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([, { name, states, counts, jobs: own, exitCode, message }]) => ({
      name,
      state: worst(states),
      counts,
      jobs: own,
      exitCode,
      message,
    }));
}

export interface NodeSummary {
  readonly name: string;
  readonly state: NodeState;
  readonly counts: Counts;
  readonly jobs: readonly Id[];
  readonly exitCode: number | null;
  readonly message: string | null;
}

export const NODE_STATES = ["waiting", "running", "done", "failed", "cancelled", "skipped", "unreachable"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** What a node is, given what its stages are: what failed first, then what is on its way. */
function worst(states: readonly string[]): NodeState {
  for (const bad of ["failed", "unreachable", "cancelled"] as const) if (states.includes(bad)) return bad;
  if (states.includes("begun")) return "running";
  if (states.includes("waiting")) return states.every((state) => state === "waiting") ? "waiting" : "running";
  return states.every((state) => state === "skipped") ? "skipped" : "done";
}
