import { createAudit, forbidden, recordActor, type Principal } from "../access/index.ts";
import type { Job, JobService, OutputPosition, TargetPlaces } from "../jobs/index.ts";
import { createSeenJobs, hasEnded, starterOf } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { NO_NODES, NODE_UNKNOWN, RUN_UNKNOWN } from "./errors.ts";
import { RUN_HOST } from "./host.ts";
import type { Node, Run, RunEnded, RunLine, RunRequest } from "./model.ts";
import { insertRun, selectRun } from "./store.ts";

export interface RunService {
  /** Makes a job for each target. Errors: `node_unknown`, `no_nodes`, `run_call_invalid`; `forbidden` where the node may be seen. */
  create(principal: Principal, request: RunRequest): Promise<Run>;
  /** With the jobs that may be read. Errors: `run_unknown`, also when none may. */
  get(principal: Principal, id: Id): Promise<Run>;
  /** What the nodes write, as it comes, and how each ended; ends when all have. Errors: `run_unknown`. */
  follow(principal: Principal, id: Id, signal: AbortSignal): AsyncGenerator<RunLine>;
}

export interface RunParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** Where jobs are, as far as rights go by it. */
  readonly places: TargetPlaces;
  /** Every agent of the tenant that has joined. */
  nodes(tenantId: Id): Promise<readonly Node[]>;
  /** Checks a verb's parameters and fills in what was left out. Throws `run_call_invalid`. */
  checkCall(name: string, parameters: JsonObject): JsonObject;
}

const PAGE = 500;
/** Looked at anew this often without being woken. */
const LOOK_MILLISECONDS = 1000;

export function createRunService(parts: RunParts): RunService {
  const { database, jobs, clock, random } = parts;
  const audit = createAudit(parts);
  const seen = createSeenJobs(jobs, parts.places);

  async function chosen({ name: who, tenantId, rights }: Principal, request: RunRequest): Promise<readonly Node[]> {
    const all = await parts.nodes(tenantId);
    const visible = new Map(
      all.flatMap((node) =>
        rights.at("run.start", node.place) || rights.at("fleet.read", node.place) ? [[node.name, node]] : [],
      ),
    );
    const own = [...visible.values()].filter((node) => rights.at("run.start", node.place));
    if (own.length === 0 && request.targets === undefined)
      throw new GantryError(NO_NODES, `there is no agent on which ${who} may run anything`);
    const targets = (request.targets ?? own.map(({ name }) => name).sort()).map((name) => {
      const node = visible.get(name);
      if (node !== undefined) {
        if (!rights.at("run.start", node.place)) throw forbidden(who, "run.start", `at node '${name}'`);
        return node;
      }
      const near = nearest(name, visible.keys());
      throw new GantryError(
        NODE_UNKNOWN,
        `there is no node '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
      );
    });
    const unique = [...new Set(targets)];
    return request.runOnce ? unique.slice(0, 1) : unique;
  }

  async function jobsOf(principal: Principal, runId: Id): Promise<readonly Job[]> {
    const all: Job[] = [];
    for (;;) {
      const page = await seen.list(principal, { runId }, { before: all.at(-1)?.id ?? null, limit: PAGE }, "run.read");
      all.push(...page);
      if (page.length < PAGE) return all.sort((a, b) => (a.target.name < b.target.name ? -1 : 1));
    }
  }

  async function get(principal: Principal, id: Id): Promise<Run> {
    const run = await selectRun(database, principal.tenantId, id);
    const made = run === undefined ? [] : await jobsOf(principal, id);
    if (run === undefined || (made.length === 0 && !principal.rights.everywhere("run.read")))
      throw new GantryError(RUN_UNKNOWN, `there is no run ${id}`);
    return { ...run, jobs: made.map((job) => ({ id: job.id, node: job.target.name, status: job.status })) };
  }

  async function endOf(job: Job): Promise<RunEnded> {
    const failed =
      job.status === "failed"
        ? (await jobs.tasks(job.id, { after: null, limit: PAGE })).find((task) => task.error !== null)
        : undefined;
    const item =
      job.status === "failed"
        ? (await jobs.results(job.id, { after: null, limit: PAGE })).find((one) => one.error !== undefined)
        : undefined;
    const error = item?.error ?? failed?.error ?? null;
    const code = error?.details?.["exit_code"];
    return {
      kind: "ended",
      node: job.target.name,
      state: job.status as RunEnded["state"],
      exitCode: typeof code === "number" ? code : null,
      message: job.status === "done" ? null : (error?.message ?? job.failure?.message ?? job.status),
    };
  }

  return {
    async create(principal, request) {
      const { tenantId } = principal;
      const nodes = await chosen(principal, request);
      const verbs = request.calls.map((call) => ({
        module: "agent",
        function: call.function,
        parameters: parts.checkCall(call.function, call.parameters),
      }));
      const run = { id: random.id(), text: request.text, createdAt: clock.now() };
      const program = { kind: "verbs", name: request.text.slice(0, 200), verbs: { verbs } } as const;
      const made = await database.transaction(async (tx) => {
        recordActor(tx, principal);
        const subject = { kind: "run", id: run.id, name: run.text.slice(0, 200) };
        const data = { text: run.text, nodes: nodes.map(({ name }) => name) };
        await audit.append(tx, [{ chain: tenantId, action: "run.started", subject, data }]);
        await insertRun(tx, tenantId, run);
        return jobs.create(
          tx,
          nodes.map((node) => ({
            tenantId,
            host: RUN_HOST,
            program,
            target: { kind: "node", id: node.agentId, name: node.name },
            runId: run.id,
            starter: starterOf(principal),
          })),
        );
      });
      return { ...run, jobs: made.map((job) => ({ id: job.id, node: job.target.name, status: job.status })) };
    },
    get,
    async *follow(principal, id, signal) {
      await get(principal, id);
      let happened = false;
      let wake = (): void => {};
      function look(): void {
        happened = true;
        wake();
      }
      const stops = [jobs.onOutput(look), parts.bus.subscribe("events", look)];
      signal.addEventListener("abort", look);
      const readers = new Map<Id, NodeReader>();
      const ended = new Set<Id>();
      try {
        for (;;) {
          happened = false;
          const all = await jobsOf(principal, id);
          for (const job of all) {
            if (ended.has(job.id)) continue;
            // The status is read before the output: what an ended job wrote is then complete.
            const reader = readers.get(job.id) ?? createNodeReader(jobs, job);
            readers.set(job.id, reader);
            yield* reader.read(hasEnded(job.status));
            if (!hasEnded(job.status)) continue;
            ended.add(job.id);
            yield await endOf(job);
          }
          if (ended.size === all.length || isAborted(signal)) return;
          if (happened) continue;
          const cancel = clock.after(LOOK_MILLISECONDS, look);
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (happened) resolve();
          });
          cancel();
          if (isAborted(signal)) return;
        }
      } finally {
        for (const stop of stops) stop();
        signal.removeEventListener("abort", look);
      }
    },
  };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

interface NodeReader {
  /** What is new. `last`: nothing comes after it, so a character that was cut off is given up. */
  read(last: boolean): AsyncGenerator<RunLine>;
}

/** Reads the output of one job on. A character may be cut in two by the pieces: each stream has a decoder that waits for the rest. */
function createNodeReader(jobs: JobService, job: Job): NodeReader {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let after: OutputPosition | null = null;
  const node = job.target.name;
  return {
    async *read(last) {
      for (;;) {
        const pieces = await jobs.output(job.id, { after, limit: PAGE });
        for (const piece of pieces) {
          after = { taskId: piece.taskId, position: piece.position };
          if (piece.droppedBefore > 0)
            yield { kind: "output", node, stream: piece.stream, text: `\n[${piece.droppedBefore} bytes left out]\n` };
          const text = decoders[piece.stream].decode(piece.data, { stream: true });
          if (text !== "") yield { kind: "output", node, stream: piece.stream, text };
        }
        if (pieces.length < PAGE) break;
      }
      if (!last) return;
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = decoders[stream].decode();
        if (rest !== "") yield { kind: "output", node, stream, text: rest };
      }
    },
  };
}
