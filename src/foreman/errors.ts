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

export const TARGET_BUSY = errorKind("target_busy", {
  status: 409,
  summary: "What a script is to be started on has a job already.",
  remedy: "Wait until that job has ended, or `gantry job cancel` it.",
});

export const TARGET_NOT_READY = errorKind("target_not_ready", {
  status: 409,
  summary: "A script cannot be started on something in the state it is in.",
  remedy: "`create` makes what is not built, on what is; `update` and `destroy` work on what is built.",
});

export const NOTHING_IN_GROUP = errorKind("nothing_in_group", {
  status: 422,
  summary: "A group in which a script is to be started has no structure that is built by Gantry.",
  remedy:
    "`gantry get structures --group NAME` shows its structures; those without a blueprint or a foundation are only recorded.",
});

export const TARGET_GONE = errorKind("target_gone", {
  status: 422,
  summary: "What a job works on, or what its script runs on, is not there any more.",
  remedy: "Cancel the job; what the inventory says now is built by itself.",
});

export const VALUE_FIXED = errorKind("value_fixed", {
  status: 422,
  summary: "A script sets a value that can only be read.",
  remedy: "Note identifiers under names of their own: `foundation.docker_id = ...`.",
});

export const IDENTIFIERS_TOO_LARGE = errorKind("identifiers_too_large", {
  status: 422,
  summary: "A script notes more about a foundation than is kept.",
  remedy: "Note what identifies it, and not all that a driver answers.",
});

export const CONFIG_INVALID = errorKind("config_invalid", {
  status: 422,
  summary: "`structure.set_config` was given a name or a value that cannot be a variable.",
  remedy: "Use a name of letters, digits, `_` and `-`, without an operator in front, and a value of at most 64 KiB.",
});

export const NO_AGENT_HERE = errorKind("no_agent_here", {
  status: 422,
  summary: "A script calls the agent or the driver, but what it builds does not stand on a foundation.",
  remedy: "Call the agent from the scripts of structures, or of foundations that run one.",
});

export const JOB_SUPERSEDED = errorKind("job_superseded", {
  status: 409,
  summary: "A failed job cannot be tried again: what it worked on is gone, or has had another job since.",
  remedy: "Plan and apply the design again; what failed is then tried as it is now.",
});

export const SECRET_MISSING = errorKind("secret_missing", {
  status: 422,
  summary: "A variable refers to a secret that is not there.",
  remedy: "`gantry secret set` it on the structure, one of its groups or sites, or the tenant; then retry the job.",
});

export const SECRET_NOT_TEXT = errorKind("secret_not_text", {
  status: 422,
  summary: "A secret that holds bytes is used where a text is needed.",
  remedy: "Keep it as base64 in a secret of kind text, and let the node decode it.",
});

export const SECRET_WOULD_STAY = errorKind("secret_would_stay", {
  status: 422,
  summary: "A call would leave the value of a secret in the agent's own folder.",
  remedy:
    "Give secrets to `agent.run` without `cache`, `stdout_arg` and `stderr_arg`, or to `agent.add` as a file that others read.",
});
