import { errorKind } from "../kernel/errors.ts";

export const SCRIPT_UNKNOWN = errorKind("script_unknown", {
  status: 422,
  summary: "A blueprint has no script of this name, and neither have its parents.",
  remedy: "Name one of the blueprint's scripts: `gantry show blueprint NAME` lists them.",
});

export const TEMPLATE_UNKNOWN = errorKind("template_unknown", {
  status: 422,
  summary: "A script asks for a template that its blueprint and the blueprint's parents do not have.",
  remedy: "Add it under `templates` of the blueprint, or mend the name.",
});

export const CALL_INVALID = errorKind("call_invalid", {
  status: 422,
  summary: "A script calls a function with parameters that do not fit.",
  remedy: "`gantry tscript check` and `docs/tscript.md` say what each function takes.",
});

export const NO_AGENT_HERE = errorKind("no_agent_here", {
  status: 422,
  summary: "A script calls the agent, but what it builds does not stand on a foundation.",
  remedy: "Call the agent from the scripts of structures, or of foundations that run one.",
});

export const JOB_SUPERSEDED = errorKind("job_superseded", {
  status: 409,
  summary: "A failed job cannot be tried again: what it worked on is gone, or has had another job since.",
  remedy: "Plan and apply the design again; what failed is then tried as it is now.",
});
