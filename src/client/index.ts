export { GantryError } from "../kernel/errors.ts";
export { createClient, type ClientOptions, type GantryClient } from "./client.ts";
export { ANSWER_NOT_UNDERSTOOD, SERVER_NOT_RUNNING } from "./errors.ts";
export { linesIn } from "./lines.ts";
export type {
  Address,
  CallOptions,
  EndedRun,
  Event,
  EventFeed,
  EventWish,
  Listing,
  Page,
  Requests,
  RunExportLine,
  RunLine,
} from "./model.ts";
export type * from "./operations.generated.ts";
