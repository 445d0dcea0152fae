import { errorKind } from "../kernel/errors.ts";

export const NODE_UNKNOWN = errorKind("node_unknown", {
  status: 404,
  summary: "A target is not the name of an agent that has joined this server.",
  remedy: "`gantry get nodes` lists the nodes.",
});

export const TARGET_INVALID = errorKind("target_invalid", {
  status: 422,
  summary: "A target is neither a name nor one of the forms that stand for several nodes.",
  remedy:
    "Write NAME, group:NAME, site:NAME, label:KEY=VALUE, blueprint:NAME, vars:PATH=VALUE or /EXPRESSION/; `!` in front takes nodes away.",
});

export const NO_NODES = errorKind("no_nodes", {
  status: 409,
  summary: "A run was asked for, but there is no agent on which whoever asks may run anything.",
  remedy: "Build something with `gantry up`, or let a machine join with `gantry agent`.",
});

export const RUN_UNKNOWN = errorKind("run_unknown", {
  status: 404,
  summary: "There is no run with this id.",
  remedy: "`gantry run list` shows the runs there are.",
});

export const RUN_CALL_INVALID = errorKind("run_call_invalid", {
  status: 422,
  summary: "A verb of a run does not exist, or its parameters do not fit.",
  remedy: "`docs/verbs.md` describes the verbs.",
});

export const RUN_STANDS = errorKind("run_stands", {
  status: 409,
  summary: "Something was asked of a run that its state does not allow.",
  remedy:
    "`gantry run show RUN` says how it stands. One that runs can be cancelled, one that ended can be resumed and removed.",
});

export const ORCHESTRATION_INVALID = errorKind("orchestration_invalid", {
  status: 422,
  summary: "An orchestration cannot be run as it is written.",
  remedy: "Correct the places that are named. `gantry orchestrate --check FILE` checks without running anything.",
});

export const QUERY_TOO_LARGE = errorKind("query_too_large", {
  status: 413,
  summary: "What a QUERY found on all nodes of a run is more than each of them can be given.",
  remedy: "Ask for a shorter argument, or let fewer nodes ask each other: several entries, or several runs.",
});

export const RUN_BROKEN = errorKind("run_broken", {
  status: 500,
  summary: "A run could not go on, and trying again would not have helped.",
  remedy: "The server's log says more, under the run's id. `gantry run show RUN` says what became of its verbs.",
});
