import { errorKind } from "../kernel/errors.ts";

export const EVENT_UNKNOWN = errorKind("event_unknown", {
  status: 404,
  summary: "There is no event with this id, or it is no longer kept.",
  remedy: "`gantry get events -o json` lists events with their ids.",
});
