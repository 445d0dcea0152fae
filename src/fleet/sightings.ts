import type { CancelTimer, Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Advert } from "./adverts.ts";
import { saveSightings, type Sighting } from "./store.ts";

/** Writes down who was seen, many at once: thousands of heartbeats are not thousands of commits. */
export interface Sightings {
  /** It is there. What it told besides is written with it; what is left out stays as it was. */
  note(id: Id, news?: SightingNews): void;
  /** What it told that is not written yet. */
  news(id: Id): SightingNews | undefined;
  /** Writes what is noted, and stops. */
  close(): Promise<void>;
}

export interface SightingNews {
  readonly version?: string;
  readonly advert?: Advert;
  readonly facts?: JsonObject;
  readonly pin?: string;
}

/** Milliseconds between two writings. */
const EVERY = 1000;
/** Executors in one commit: a few milliseconds, in which nobody else can write. */
const AT_ONCE = 500;

export function createSightings(parts: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}): Sightings {
  const { clock } = parts;
  let noted = new Map<Id, Sighting>();
  /** What is being written. */
  let writing: ReadonlyMap<Id, Sighting> = new Map();
  let cancel: CancelTimer | undefined;
  let written: Promise<void> = Promise.resolve();
  let closed = false;

  async function write(): Promise<void> {
    const sightings = [...noted.values()];
    writing = noted;
    noted = new Map();
    try {
      for (let at = 0; at < sightings.length; at += AT_ONCE)
        await saveSightings(parts.database, sightings.slice(at, at + AT_ONCE));
    } catch (error) {
      // The next heartbeat says that it is there; what it told besides is told again with the next connection.
      parts.log.error({ err: error }, "cannot write down which executors were seen");
    }
    writing = new Map();
    cancel = undefined;
    if (noted.size > 0 && !closed) writeLater();
  }

  /** One writing at a time. */
  function writeLater(): void {
    cancel = clock.after(EVERY, () => (written = write()));
  }

  return {
    note(id, news) {
      if (closed) return;
      noted.set(id, { ...noted.get(id), ...news, id, seenAt: clock.now() });
      if (cancel === undefined) writeLater();
    },
    news(id) {
      const [first, second] = [writing.get(id), noted.get(id)];
      return first === undefined || second === undefined ? (second ?? first) : { ...first, ...second };
    },
    async close() {
      closed = true;
      cancel?.();
      await written;
      await write();
    },
  };
}
