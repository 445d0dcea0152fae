import { errorKind } from "../kernel/errors.ts";

export const WEBHOOK_UNKNOWN = errorKind("webhook_unknown", {
  status: 404,
  summary: "There is no such webhook.",
  remedy: "`gantry webhook list` shows those there are.",
});

export const WEBHOOK_NAME_TAKEN = errorKind("webhook_name_taken", {
  status: 409,
  summary: "There is a webhook of this name already.",
  remedy: "Choose another name, or change the one there is.",
});

export const WEBHOOK_INVALID = errorKind("webhook_invalid", {
  status: 422,
  summary: "The name, the address or another member of a webhook is not one that can be kept.",
  remedy: "The message says what is wrong; docs/webhooks.md says what a webhook may be.",
});

export const DEAD_LETTER_UNKNOWN = errorKind("dead_letter_unknown", {
  status: 404,
  summary: "A webhook has no dead letter of this id.",
  remedy: "`gantry webhook dead-letters NAME` shows those it has.",
});

export const HOLD_UNKNOWN = errorKind("hold_unknown", {
  status: 404,
  summary: "Nothing is held by this id, or it may not be seen.",
  remedy: "`gantry webhook holds` shows what waits for an answer.",
});

export const HOLD_ANSWERED = errorKind("hold_answered", {
  status: 409,
  summary: "What was held was answered already, its time is over, or its job has ended.",
  remedy: "Nothing is to be done: the first answer counts.",
});

export const HOLD_INVALID = errorKind("hold_invalid", {
  status: 422,
  summary: "A script holds something in a way that is not possible.",
  remedy: "As in `events.hold( event='hardware.disk_removal', timeout=2:00:00, on_timeout='fail' )`: docs/webhooks.md.",
});

export const EVENT_REPORT_INVALID = errorKind("event_report_invalid", {
  status: 422,
  summary: "An event that is to be reported is not one of hardware, or holds too much.",
  remedy: "Name it as in `hardware.disk_failed`, with at most 16,384 characters of data.",
});
