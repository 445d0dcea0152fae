import { auditMigrations, DEFAULT_TENANT, NOWHERE, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createJobs, jobMigrations, type Jobs } from "../jobs/index.ts";
import { startExecutor, type TestFunction } from "../jobs/testing/executor.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom, type Id } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Database, Migration } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { untilEvents } from "../platform/events/testing.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { tscript } from "../tscript/index.ts";
import { createCoordinator, type Coordinator } from "./coordinator.ts";
import { createRunHost, RUN_HOST } from "./host.ts";
import { runRequest, type Node, type RunRequest } from "./model.ts";
import type { LineMeaning } from "./orchestration/compile.ts";
import type { JobLine } from "./orchestration/model.ts";
import { createRunService, type RunService, type RunView } from "./service.ts";
import { migrations } from "./tables.ts";

/** For tests: runs on a database, with nodes that are plain functions of the test. */

export const RUN_MIGRATIONS: readonly Migration[] = [
  ...eventMigrations,
  ...auditMigrations,
  ...jobMigrations,
  ...migrations,
];

/** What the verbs of a test's nodes do, by name in small letters: told whose they are. */
export type TestVerbs = Readonly<Record<string, (node: string, parameters: JsonObject) => Json>>;

export interface RunWorld {
  readonly runs: RunService;
  readonly coordinator: Coordinator;
  readonly jobs: Jobs;
  /** Begins a run of these lines (`ECHO text`) on these nodes; left out: on all. */
  begin(lines: readonly string[], request?: Partial<RunRequest>, who?: Principal): Promise<RunView>;
  /** Resolves when it has ended. */
  ended(id: Id): Promise<RunView>;
  close(): Promise<void>;
}

export interface RunWorldOptions {
  readonly verbs: TestVerbs;
  readonly nodes?: readonly string[];
  readonly place?: (name: string) => Node["place"];
}

/** Nothing moves before `coordinator.start()`; `QUERY` and `SECRET` (sensitive) mean what they say. */
export async function openRunWorld(database: Database, options: RunWorldOptions): Promise<RunWorld> {
  const { verbs, nodes: names = ["a", "b"], place = () => NOWHERE } = options;
  const log = silentLogger();
  const shared = { database, clock: systemClock, random: systemRandom, log };
  const bus = createInProcessBus(log);
  const events = createEventStream({ ...shared, bus });
  const jobs = createJobs({ ...shared, bus, events, language: tscript });
  const coordinator = createCoordinator({ ...shared, jobs: jobs.service, events, bus, isAway: async () => false });
  jobs.registerHost(
    RUN_HOST,
    createRunHost({
      reachWithin: 60_000,
      isSafeToRepeat: () => true,
      survivesRestart: () => false,
      definition: coordinator.definition,
      variables: async () => ({ values: {}, hide: [] }),
      ended: coordinator.ended,
      reopened: coordinator.reopened,
    }),
  );
  const nodes = names.map((name) => ({ agentId: `agent-${name}`, name, place: place(name) }));
  const runs = createRunService({
    ...shared,
    jobs: jobs.service,
    events,
    bus,
    coordinator,
    nodes: async (_tenant, some) => nodes.filter(({ name }) => some?.includes(name) ?? true),
    world: async (_principal, seen) => ({
      nodes: seen.map(({ name }) => ({ name, groups: [], sites: [], labels: {}, blueprints: [] })),
      groups: [],
      sites: [],
      blueprints: [],
      variables: () => () => false,
    }),
    meanings: async () => meaningOf,
    share: async () => undefined,
  });
  await jobs.start();
  const known: TestVerbs = { arg: () => ({ changed: true }), ...verbs };
  const agents = nodes.map(({ agentId, name }) =>
    startExecutor({
      tasks: jobs.tasks,
      id: agentId,
      agentId,
      module: "agent",
      tenantId: DEFAULT_TENANT.id,
      functions: Object.fromEntries(
        Object.entries(known).map(([verb, does]): [string, TestFunction] => [
          verb,
          (parameters) => does(name, parameters as JsonObject),
        ]),
      ),
    }),
  );
  return {
    runs,
    coordinator,
    jobs,
    begin(lines, request = {}, who = ADMINISTRATOR) {
      const all = lines.map((line) => {
        const [verb = "", ...text] = line.split(" ");
        return { verb, text: text.join(" ") };
      });
      return runs.create(who, runRequest.parse({ text: lines.join("\n"), entries: [{ jobs: all }], ...request }));
    },
    ended(id) {
      return untilEvents(bus, async () => {
        const view = await runs.get(ADMINISTRATOR, id);
        return view.run.status === "running" ? undefined : view;
      });
    },
    async close() {
      await coordinator.stop();
      await Promise.all(agents.map((agent) => agent.stop()));
      await jobs.stop();
      await bus.close();
    },
  };
}

function meaningOf({ verb, text }: JobLine): LineMeaning {
  return {
    calls: [{ function: verb.toLowerCase(), parameters: { text }, safeToRepeat: true }],
    runOnce: false,
    sensitive: verb === "SECRET",
    ...(verb === "QUERY" ? { barrier: "query" as const } : {}),
  };
}
