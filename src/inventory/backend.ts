import type { JsonObject } from "../kernel/json.ts";
import type { EditResult, Edit } from "./edit-model.ts";
import type { OwnedKind } from "./kinds.ts";

/** The port behind which the truth of a site may live elsewhere. The database is there without it; the room `backends` fills it. */

/** A thing as another system has it, in our form. */
export interface ForeignRow {
  readonly kind: OwnedKind;
  /** As it would be written here, with its name; members left out take their defaults. */
  readonly data: JsonObject;
  /** What the other system counts its changes by, when it does. */
  readonly version?: number;
  /** Epoch milliseconds, when the other system says it. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
}

export interface WriteOptions {
  readonly cascade: boolean;
  /** The header `Idempotency-Key` of the request. */
  readonly key?: string | undefined;
}

/** Another place where inventory is kept. */
export interface InventoryBackend {
  /** Everything it holds. Errors: whatever keeps it from being read; nothing is then known of it. */
  read(signal: AbortSignal): Promise<readonly ForeignRow[]>;
  /** Calls back when something may have changed, or the place was lost. Returns how to stop. Absent: it has to be asked now and then. */
  readonly watch?: (changed: () => void) => () => void;
  /**
   * Asks, at little cost, whether something may be other than when it was last read. Errors: as `read`. Absent: there is no such question.
   */
  readonly probe?: (signal: AbortSignal) => Promise<boolean>;
  /** Makes edits there: all of them, or none. Things are named, not by id. Absent: it is only read. */
  readonly write?: (
    edits: readonly Edit[],
    options: WriteOptions,
    signal: AbortSignal,
  ) => Promise<readonly Omit<EditResult, "id">[]>;
  /** Where its things are changed, for messages: `in /srv/inventory`. */
  readonly place: string;
  close?(): void;
}

/** A place that could not be read: what it holds is left out of an answer. */
export interface MissingBackend {
  readonly backend: string;
  readonly site: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly error: string;
}
