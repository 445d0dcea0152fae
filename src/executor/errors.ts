import { errorKind } from "../kernel/errors.ts";

export const MODULE_UNKNOWN = errorKind("module_unknown", {
  status: 404,
  summary: "A task asked a worker or an agent for a module it does not have.",
  remedy: "Check the name; gantry get nodes shows which worker or agent has which modules.",
});

export const FUNCTION_UNKNOWN = errorKind("function_unknown", {
  status: 404,
  summary: "A task asked for a function its module does not have.",
  remedy: "Check the name; the worker or agent may be of an older version.",
});

export const PARAMETERS_WRONG = errorKind("parameters_wrong", {
  status: 400,
  summary: "A function was called with parameters it does not take.",
  remedy: "Check names and types of the parameters.",
});

export const FUNCTION_FAILED = errorKind("function_failed", {
  status: 500,
  summary: "A function of a worker or an agent failed with an error that has no code of its own.",
  remedy: "Read the message; the log of the worker or agent says more.",
});

export const FUNCTION_TIMED_OUT = errorKind("function_timed_out", {
  status: 504,
  summary: "A function took longer than its time-out allowed, and was stopped.",
  remedy: "Give it more time, or find out what it waits for.",
});

export const FUNCTION_CANCELLED = errorKind("function_cancelled", {
  status: 409,
  summary: "A function was stopped because its job was cancelled.",
  remedy: "Nothing: somebody asked for it.",
});

export const FUNCTION_INTERRUPTED = errorKind("function_interrupted", {
  status: 500,
  summary: "The worker or agent stopped while a function ran, and nobody can say how far it came.",
  remedy: "Look at the machine, then retry the job.",
});

export const RESULT_TOO_LARGE = errorKind("result_too_large", {
  status: 413,
  summary: "A function returned more than fits a result.",
  remedy: "Let it write to a file, or return less.",
});

export const NOT_OBSERVING = errorKind("function_not_observing", {
  status: 400,
  summary: "A function that changes things was asked for as a question.",
  remedy: "Call it from a script or a run, so that it becomes a task.",
});

export const EXECUTOR_BUSY = errorKind("executor_busy", {
  status: 503,
  summary: "A worker or an agent answers as many questions at once as it can.",
  remedy: "Ask again.",
});

export const JOURNAL_DAMAGED = errorKind("executor_journal_damaged", {
  status: 500,
  summary: "The journal in the state folder of a worker or an agent holds something it never wrote.",
  remedy: "Check the disk. Move the journal away to start without it: tasks that were running then end as interrupted.",
});

export const JOURNAL_FAILED = errorKind("executor_journal_failed", {
  status: 507,
  summary: "A worker or an agent could not write its journal, so it did not begin the task.",
  remedy: "Make room on the disk of the state folder, then retry the job.",
});

export const CONTENT_NOT_TAKEN = errorKind("content_not_taken", {
  status: 502,
  summary: "An agent could not bring a file to the server, or the server did not want it.",
  remedy: "Look at the message: the file may have changed meanwhile, or be larger than GET's --limit allows.",
});

export const CONTENT_UNAVAILABLE = errorKind("content_unavailable", {
  status: 502,
  summary: "A worker or an agent could not get a file's content from the server, or it was not what its hash says.",
  remedy: "Retry the job. When it stays, look for a proxy that changes what passes through it.",
});

export const NOT_JOINED = errorKind("executor_not_joined", {
  status: 401,
  summary: "A worker or an agent was started that has never joined a server, and was given nothing to join with.",
  remedy: "Start it once with --server URL --join TOKEN; gantry join-token makes the token.",
});

export const IDENTITY_DAMAGED = errorKind("executor_identity_damaged", {
  status: 500,
  summary: "A file in the state folder of a worker or an agent that says who it is cannot be read.",
  remedy: "Remove the file and let it join again with a new join token.",
});

export const SITE_DIFFERS = errorKind("executor_site_differs", {
  status: 409,
  summary: "A worker was started with `--site`, and had joined for another site.",
  remedy:
    "Leave --site out: it counts when a worker joins. To let it work for another site, revoke it, remove its state folder and join anew.",
});

export const COMMAND_LOST = errorKind("command_lost", {
  status: 500,
  summary: "The small process by which an agent starts commands was ended by somebody else while a command ran.",
  remedy: "The command was ended, and how far it came is not known: look, then run it again.",
});

export const JOINING_INCOMPLETE = errorKind("joining_incomplete", {
  status: 400,
  summary: "An agent or a worker was given a join token or a shared key, and not where its server is.",
  remedy: "Say where: --server, GANTRY_SERVER_ADDRESS, or `server_address` in the configuration file.",
});

export const AGENT_NOT_UPGRADABLE = errorKind("agent_not_upgradable", {
  status: 409,
  summary: "The agent has no folder of its own: it cannot put another release of itself in place.",
  remedy:
    "Upgrade what it runs with: the server for agents in its containers, the image, or the package. Agents that `gantry bootstrap` installs upgrade themselves.",
});
