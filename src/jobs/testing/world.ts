import { onTestFinished } from "vitest";
import { type Clock, type ManualClock, manualClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/ids.ts";
import type { Id } from "../../kernel/ids.ts";
import { createInProcessBus } from "../../platform/bus/index.ts";
import type { Bus } from "../../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../../platform/events/index.ts";
import type { EventStream } from "../../platform/events/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import { tscript } from "../../tscript/index.ts";
import { untilEvents } from "../../platform/events/testing.ts";
import { createJobs, hasEnded, jobMigrations } from "../index.ts";
import type { Job, JobDraft, Jobs, JobsParts, JobStatus, ProgramSource } from "../index.ts";
import { createTestHost } from "./host.ts";
import type { TestHost } from "./host.ts";

/** Jobs on a database, with a test host: what a server has of them. */
export interface World {
  readonly database: Database;
  readonly bus: Bus;
  readonly events: EventStream;
  readonly jobs: Jobs;
  readonly host: TestHost;
  /** Makes jobs of one program. */
  create(program: ProgramSource, count?: number): Promise<readonly Job[]>;
  /** Resolves when the job is in one of these states and nothing is asked of it. */
  reach(id: Id, ...wanted: readonly JobStatus[]): Promise<Job>;
  close(): Promise<void>;
}

export const TENANT = "tenant";

export function createWorld(database: Database, clock: Clock, options: Partial<JobsParts> = {}): World {
  const log = options.log ?? silentLogger();
  const bus = options.bus ?? createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const jobs = createJobs({ database, bus, events, clock, random: systemRandom, log, language: tscript, ...options });
  const host = createTestHost();
  jobs.registerHost("test", host);
  return {
    database,
    bus,
    events,
    jobs,
    host,
    create(program, count = 1) {
      const draft = draftOf(program);
      return database.transaction((tx) =>
        jobs.service.create(
          tx,
          Array.from({ length: count }, () => draft),
        ),
      );
    },
    reach: (id, ...wanted) => reach(jobs, bus, id, wanted),
    async close() {
      await jobs.stop();
      if (options.bus === undefined) await bus.close();
    },
  };
}

/** One that runs on an empty database and ends with the test. `at`: epoch milliseconds. */
export async function startWorld(
  open: OpenEmptyDatabase,
  at: number,
  options: Partial<JobsParts> = {},
): Promise<{ readonly database: Database; readonly clock: ManualClock; readonly world: World }> {
  const database = await open([...eventMigrations, ...jobMigrations]);
  const clock = manualClock(at);
  const world = createWorld(database, clock, options);
  await world.jobs.start();
  onTestFinished(() => world.close());
  return { database, clock, world };
}

/** Every turn ends with events, so a state is looked at after each of them. */
function reach(jobs: Jobs, bus: Bus, id: Id, wanted: readonly JobStatus[]): Promise<Job> {
  return untilEvents(bus, async () => {
    const job = await jobs.service.get(TENANT, id);
    if (job.wish !== null) return undefined;
    if (wanted.includes(job.status)) return job;
    if (hasEnded(job.status)) throw new Error(`job ended ${job.status}: ${job.message}`);
    return undefined;
  });
}

/** A job of the test host, about nothing. */
export function draftOf(program: ProgramSource): JobDraft {
  return { tenantId: TENANT, host: "test", program, target: { kind: "none", id: null, name: "nothing" } };
}

export function script(text: string): ProgramSource {
  return { kind: "script", name: "test.t", text };
}
