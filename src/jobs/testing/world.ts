import type { Clock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/ids.ts";
import type { Id } from "../../kernel/ids.ts";
import { createInProcessBus } from "../../platform/bus/index.ts";
import type { Bus } from "../../platform/bus/index.ts";
import type { Database } from "../../platform/database/index.ts";
import { createEventStream } from "../../platform/events/index.ts";
import type { EventStream } from "../../platform/events/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import { tscript } from "../../tscript/index.ts";
import { createJobs, hasEnded } from "../index.ts";
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
      const draft: JobDraft = {
        tenantId: TENANT,
        host: "test",
        program,
        target: { kind: "none", id: null, name: "nothing" },
      };
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

/** Every turn ends with events, so a state is looked at after each of them. */
async function reach(jobs: Jobs, bus: Bus, id: Id, wanted: readonly JobStatus[]): Promise<Job> {
  let changed = Promise.withResolvers<void>();
  const stop = bus.subscribe("events", () => {
    changed.resolve();
    changed = Promise.withResolvers();
  });
  try {
    for (;;) {
      const next = changed.promise;
      const job = await jobs.service.get(TENANT, id);
      if (wanted.includes(job.status) && job.wish === null) return job;
      if (hasEnded(job.status) && job.wish === null) throw new Error(`job ended ${job.status}: ${job.message}`);
      await next;
    }
  } finally {
    stop();
  }
}

export function script(text: string): ProgramSource {
  return { kind: "script", name: "test.t", text };
}
