export type {
  BatchItem,
  Call,
  ItemResult,
  Job,
  JobAction,
  JobDraft,
  JobFailure,
  JobOutcome,
  JobStatus,
  JobTarget,
  LogEntry,
  LogKind,
  ProgramKind,
  ProgramSource,
  ProgressEntry,
  SourceOrigin,
  Starter,
  TargetKind,
  TaskError,
  VerbList,
} from "./model.ts";
export {
  ALLOWED_ACTIONS,
  JOB_ACTIONS,
  JOB_STATUSES,
  TARGET_KINDS,
  allowedActions,
  callName,
  remainingOf,
  hasEnded,
} from "./model.ts";
export type { ExecutorRoute, HiddenValue, JobHost, JobView, Outside, Prepared, TaskDraft, TaskRoute } from "./host.ts";
export { OUTSIDES } from "./host.ts";
export type { OutsideAnswer, OutsideFilter, OutsideTask } from "./outside-model.ts";
export type { OutsideTasks } from "./outside.ts";
export type { WorkerPresence } from "./unserved.ts";
export type { ValueWrite } from "./program.ts";
export type {
  Assignment,
  Executor,
  HeldTask,
  ItemReport,
  OutputChunk,
  ReadyRoute,
  Seat,
  StartedRef,
  TaskCancel,
  TaskRef,
  TaskResult,
  TaskService,
  TaskStatus,
} from "./task-model.ts";
export { createJobs, type Jobs, type JobsParts } from "./jobs.ts";
export type { BegunJob } from "./making.ts";
export type { JobService } from "./service.ts";
export type { JobFilter } from "./job-store.ts";
export type { OutputPiece, OutputPosition } from "./output-store.ts";
export type { ItemPosition, Task } from "./task-views.ts";
export { ITEM_STATES as CALL_STATES, type ItemCounts, type ItemState as CallState } from "./items.ts";
export type { CallResultRow, JobCalls, JobCounts } from "./run-views.ts";
export { SERVER_STARTER, starterOf, type MayGoOn } from "./starter.ts";
export { createSeenJobs, type SeenJobs, type TargetPlaces } from "./sight.ts";
export { jobMigrations } from "./schema.ts";
export { jobRoutes } from "./routes.ts";
