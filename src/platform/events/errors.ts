import { errorKind } from "../../kernel/errors.ts";

export const EVENTS_GONE = errorKind("events_gone", {
  status: 410,
  summary: "The events asked for are older than what is kept.",
  remedy: "Read the present state, then follow the stream from now on (`after=now`).",
});

export const CURSOR_INVALID = errorKind("cursor_invalid", {
  status: 400,
  summary: "A cursor is not one that this server handed out.",
  remedy: "Take the cursor from an earlier answer as it is, or leave it out.",
});
