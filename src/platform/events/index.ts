export type { Cursor, Event, EventDraft, EventFilter, EventPage, EventSubject, ReadOptions } from "./model.ts";
export { createEventStream, type EventStream, type EventStreamParts } from "./stream.ts";
export { eventMigrations } from "./tables.ts";
export { createWaker, type Waker } from "./waker.ts";
export { rebaseEvents } from "./rebase.ts";
