import { errorKind } from "../kernel/errors.ts";

export const NODE_UNKNOWN = errorKind("node_unknown", {
  status: 404,
  summary: "A target is not the name of an agent that has joined this server.",
  remedy: "`gantry get nodes` lists the nodes.",
});

export const NO_NODES = errorKind("no_nodes", {
  status: 409,
  summary: "A run was asked for, but there is no agent on which whoever asks may run anything.",
  remedy: "Build something with `gantry up`, or let a machine join with `gantry agent`.",
});

export const RUN_UNKNOWN = errorKind("run_unknown", {
  status: 404,
  summary: "There is no run with this id.",
  remedy: "Take the id that `gantry exec --detach` printed.",
});

export const RUN_CALL_INVALID = errorKind("run_call_invalid", {
  status: 422,
  summary: "A verb of a run does not exist, or its parameters do not fit.",
  remedy: "`docs/cli.md` describes the verbs.",
});
