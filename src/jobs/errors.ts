import { errorKind } from "../kernel/errors.ts";

export const JOB_NOT_FOUND = errorKind("job_not_found", {
  status: 404,
  summary: "There is no job with this id.",
  remedy: "`gantry get jobs` lists the jobs there are.",
});

export const JOB_ACTION_NOT_ALLOWED = errorKind("job_action_not_allowed", {
  status: 409,
  summary: "A job cannot be paused, resumed, cancelled or retried in the state it is in.",
  remedy: "Look at the job's status first; the error names what can be done now.",
});

export const JOB_HOST_UNKNOWN = errorKind("job_host_unknown", {
  status: 500,
  summary: "A job belongs to a part of the program that this server does not have.",
  remedy: "Start a server of the version that made the job, then retry the job.",
});

export const JOB_PROGRAM_INVALID = errorKind("job_program_invalid", {
  status: 422,
  summary: "A job's program is empty, too large, or not of a known kind.",
  remedy: "Correct the program and make a new job.",
});

export const TASK_INTERRUPTED = errorKind("task_interrupted", {
  status: 500,
  summary: "A task was begun and nobody can say whether it was done; its function is not safe to repeat.",
  remedy: "Look at the target, then retry the job: the call is made again.",
});

export const TASK_UNREACHABLE = errorKind("task_unreachable", {
  status: 503,
  summary: "No worker or agent took a task in the time it had.",
  remedy: "See `gantry get nodes` for who is connected, start what is missing, then retry the job.",
});

export const TASK_TIMED_OUT = errorKind("task_timed_out", {
  status: 504,
  summary: "A task took longer than its time-out allows.",
  remedy: "See the task's output for what it was doing; retry the job, or allow more time in the script.",
});

export const JOB_NOTHING_TO_ROLL_BACK = errorKind("job_nothing_to_roll_back", {
  status: 409,
  summary: "A job was to be rolled back that stands at no call, or at one whose function cannot take back what it did.",
  remedy: "Retry or resume the job, jump to a label, or cancel it.",
});

export const UNDO_FAILED = errorKind("undo_failed", {
  status: 500,
  summary: "Something a job did could not be taken back.",
  remedy: "The job names it, and its log says why: take it back by hand, or start a job that removes it.",
});

export const TASK_NOT_WAITING = errorKind("task_not_waiting", {
  status: 409,
  summary:
    "A task was answered that does not wait for an answer: it was answered before, its job does not want it any more, or there is none.",
  remedy: "Look at the job: it says how the task ended.",
});

export const JOB_POSITION_INVALID = errorKind("job_position_invalid", {
  status: 400,
  summary: "A place in a job's output is not one that this server handed out.",
  remedy: "Take `next` of the answer before as it is, or leave `after` out.",
});
