import type { Id } from "../../kernel/ids.ts";
import type { Json } from "../../kernel/json.ts";

/** What happened, as its author gives it. */
export interface EventDraft {
  readonly tenantId: Id;
  /** Room and what happened: `structure.built`, `job.failed`. */
  readonly type: string;
  /** What it happened to. */
  readonly subject: EventSubject;
  /** Never secrets. */
  readonly data: Json;
}

export interface EventSubject {
  /** `structure`, `job`, `site` … */
  readonly kind: string;
  readonly id: Id;
}

/** What happened, for good. */
export interface Event extends EventDraft {
  readonly id: Id;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Where to read on after this event. Opaque. */
  readonly cursor: Cursor;
}

/** A place in the stream. Opaque: only compare it for equality. */
export type Cursor = string;

/** Which events of the stream are wanted; every member that is given must hold. */
export interface EventFilter {
  readonly tenantId?: Id;
  /** `job.failed`, or all of a room by `job.*`. */
  readonly types?: readonly string[];
  /** Without an id: everything of that kind. */
  readonly subject?: { readonly kind: string; readonly id?: Id };
}

export interface ReadOptions extends EventFilter {
  /** Left out: from the oldest event that is kept. */
  readonly after?: Cursor;
  readonly limit: number;
}

export interface EventPage {
  /** In the order of the stream: that of their commits as far as one event could have caused the other. */
  readonly events: readonly Event[];
  /** Where to read on: behind the last event, and behind those the filter passed over. */
  readonly cursor: Cursor;
  /** More can be read at once. */
  readonly more: boolean;
}
