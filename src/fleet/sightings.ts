import type { CancelTimer, Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { ExecutorRecord } from "./model.ts";
import { saveSightings, type Sighting } from "./store.ts";

/** Writes down who was seen, many at once: thousands of heartbeats are not thousands of commits. */
export interface Sightings {
  note(record: Pick<ExecutorRecord, "id" | "version" | "modules" | "facts" | "pin">): void;
  /** Writes what is noted, and stops. */
  close(): Promise<void>;
}

/** Milliseconds between two writings. */
const EVERY = 5000;

export function createSightings(parts: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}): Sightings {
  const { clock } = parts;
  let noted = new Map<Id, Sighting>();
  let cancel: CancelTimer | undefined;
  let closed = false;

  async function write(): Promise<void> {
    cancel = undefined;
    const sightings = [...noted.values()];
    noted = new Map();
    if (sightings.length === 0) return;
    try {
      await saveSightings(parts.database, sightings);
    } catch (error) {
      // The next heartbeat says the same again.
      parts.log.error({ err: error }, "cannot write down which executors were seen");
    }
  }

  return {
    note({ id, version, modules, facts, pin }) {
      if (closed) return;
      noted.set(id, { id, version, modules, facts, pin, seenAt: clock.now() });
      cancel ??= clock.after(EVERY, () => void write());
    },
    async close() {
      closed = true;
      cancel?.();
      await write();
    },
  };
}
