import { errorKind } from "../kernel/errors.ts";

export const CHANGE_SET_UNKNOWN = errorKind("change_set_unknown", {
  status: 404,
  summary: "There is no change set of this number.",
  remedy: "`gantry change list --state all` lists them.",
});

export const CHANGE_SET_EMPTY = errorKind("change_set_empty", {
  status: 422,
  summary: "What is proposed would change nothing.",
  remedy: "Propose something that is not so already.",
});

export const CHANGE_SET_ENDED = errorKind("change_set_ended", {
  status: 409,
  summary: "The change set was applied or closed already.",
  remedy: "Propose a new one; `gantry change revert` takes an applied one back.",
});

export const CHANGE_SET_CHANGED = errorKind("change_set_changed", {
  status: 412,
  summary: "The change set is not as it was when it was read.",
  remedy: "Look at it again with `gantry change show`, and decide on what it says now.",
});

export const CHANGE_SET_OUTDATED = errorKind("change_set_outdated", {
  status: 409,
  summary: "The truth has moved since the change set was proposed.",
  remedy: "`gantry change rebase` brings it up to date.",
});

export const CHANGE_SET_CONFLICT = errorKind("change_set_conflict", {
  status: 409,
  summary: "The change set and somebody else changed the same, and not to the same value.",
  remedy: "Propose anew what should be there, with what is there now in mind: `gantry change amend`.",
});

export const CHANGE_SET_NOT_APPROVED = errorKind("change_set_not_approved", {
  status: 403,
  summary: "The change set lacks approvals, or was rejected.",
  remedy: "Ask somebody who may approve there: `gantry change show` says what is lacking.",
});

export const CHANGE_SET_OWN = errorKind("change_set_own", {
  status: 403,
  summary: "Nobody approves their own change set.",
  remedy: "Ask another person.",
});

export const CHANGE_SET_NOT_YOURS = errorKind("change_set_not_yours", {
  status: 403,
  summary: "Only its author gives a change set other content.",
  remedy: "Say in a comment what should be different, or propose another one.",
});

export const CHANGE_SET_NOT_APPLIED = errorKind("change_set_not_applied", {
  status: 409,
  summary: "Only what was applied can be taken back.",
  remedy: "Close a change set that is still open: `gantry change close`.",
});

export const CHANGE_SET_NEEDED = errorKind("change_set_needed", {
  status: 403,
  summary: "A rule of the tenant or the site says that changes there are made by change sets only.",
  remedy:
    "Propose it: `gantry change propose`, or the option --propose of the command. `gantry change rule list` lists the rules.",
});

export const CHANGE_RULE_UNKNOWN = errorKind("change_rule_unknown", {
  status: 404,
  summary: "There is no rule of change sets for this site or tenant.",
  remedy: "`gantry change rule list` lists the rules.",
});
