import type { Json } from "../../kernel/json.ts";
import type { Call, Job, JobHost, JobOutcome, Prepared, TaskDraft } from "../index.ts";
import type { Catalogue } from "../program.ts";

/** A host for tests: module `toy` goes to any worker of site `here`, values are what the test says. */
export interface TestHost extends JobHost {
  readonly ended: readonly { readonly job: string; readonly outcome: JobOutcome }[];
  readonly reopenings: readonly string[];
  readonly written: readonly { readonly name: string; readonly value: Json }[];
  /** Changes the draft of the tasks made from now on. */
  draft: (call: Call, draft: TaskDraft) => TaskDraft;
  /** Answers calls of module `here` at once. */
  answer: (call: Call, job: Job) => Promise<Prepared> | Prepared;
  readonly values: Map<string, Json>;
}

const FUNCTIONS = ["noop", "add", "fail", "once", "flaky", "slow", "say", "hang", "make", "start", "look"];

const catalogue: Catalogue = {
  toy: {
    functions: Object.fromEntries(FUNCTIONS.map((name) => [name, { parameters: { value: { required: false } } }])),
  },
  here: { functions: { ask: { parameters: { value: { required: false } } }, refuse: { parameters: {} } } },
};

export const TEST_SITE = "here";

export function createTestHost(): TestHost {
  const ended: { job: string; outcome: JobOutcome }[] = [];
  const reopenings: string[] = [];
  const written: { name: string; value: Json }[] = [];
  const values = new Map<string, Json>();
  const host: TestHost = {
    ended,
    reopenings,
    written,
    values,
    draft: (_call, draft) => draft,
    answer: (call) => ({ kind: "value", value: call.parameters["value"] ?? null }),
    async view() {
      return {
        catalogue,
        values: (module, name) => {
          if (module !== "config") return { found: false, moduleKnown: false };
          return { found: true, value: values.get(name) ?? null, access: "rw" };
        },
      };
    },
    async prepare(job, call) {
      if (call.module === "here") return host.answer(call, job);
      const draft: TaskDraft = {
        module: call.module ?? "",
        function: call.function,
        parameters: call.batch === undefined ? call.parameters : null,
        route: { siteId: TEST_SITE },
        timeout: null,
        safeToRepeat: false,
        ...(call.batch === undefined ? {} : { batch: call.batch }),
      };
      return { kind: "task", task: host.draft(call, draft) };
    },
    async write(_tx, _job, writes) {
      for (const { name, value } of writes) {
        values.set(name, value);
        written.push({ name, value });
      }
    },
    async finished(_tx, job, outcome) {
      ended.push({ job: job.id, outcome });
    },
    async reopened(_tx, job) {
      reopenings.push(job.id);
    },
  };
  return host;
}
