import { errorKind } from "../../kernel/errors.ts";

export const VERSION_MISMATCH = errorKind("version_mismatch", {
  status: 412,
  summary: "What was to be changed has been changed by somebody else since it was read (If-Match).",
  remedy: "Read it again, and change what is there now.",
});

export const VERSION_REQUIRED = errorKind("version_required", {
  status: 428,
  summary: "A change needs the header If-Match with the version that was read.",
  remedy: "Read the thing, and send its ETag as If-Match.",
});

export const CURSOR_UNKNOWN = errorKind("cursor_unknown", {
  status: 400,
  summary: "The cursor of a list is not one that a list gave.",
  remedy: "Begin the list anew, without a cursor.",
});

export const TIME_INVALID = errorKind("time_invalid", {
  status: 400,
  summary: "A time is neither written as RFC 3339 says nor epoch milliseconds.",
  remedy: "Write `2026-03-01T08:00:00Z`, with a time zone, or milliseconds since 1970.",
});
