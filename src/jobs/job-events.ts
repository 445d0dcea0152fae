import type { JsonObject } from "../kernel/json.ts";
import type { EventDraft } from "../platform/events/index.ts";
import type { Job } from "./model.ts";

/** What the event stream says about jobs. */
export const JOB_EVENTS = [
  "job.created",
  "job.progress",
  "job.message",
  "job.waiting_for_worker",
  "job.finished",
] as const;
export type JobEventType = (typeof JOB_EVENTS)[number];

/** Every event names the job's target and run, so that readers can follow a structure or a run without asking for each job. */
export function jobEvent(
  type: JobEventType,
  job: Pick<Job, "id" | "tenantId" | "target" | "runId" | "programName">,
  data: JsonObject,
): EventDraft {
  return {
    tenantId: job.tenantId,
    type,
    subject: { kind: "job", id: job.id },
    data: {
      target: { kind: job.target.kind, id: job.target.id, name: job.target.name },
      program: job.programName,
      ...(job.runId === null ? {} : { run: job.runId }),
      ...data,
    },
  };
}
