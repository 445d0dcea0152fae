import type { EventDraft, EventStream } from "../platform/events/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";

/** Tells of executors that come and go: what happens while a commit runs shares the next, so that thousands at once are a few commits. */
export interface Tidings {
  tell(event: EventDraft): void;
}

/** Events in one commit. */
const AT_ONCE = 500;

export function createTidings(parts: {
  readonly database: Database;
  readonly events: EventStream;
  readonly log: Logger;
}): Tidings {
  const waiting: EventDraft[] = [];
  let running = false;

  async function drain(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const some = waiting.splice(0, AT_ONCE);
      try {
        await parts.database.transaction((tx) => parts.events.append(tx, some));
      } catch (error) {
        parts.log.error({ err: error }, "cannot tell of an executor");
      }
    }
    running = false;
  }

  return {
    tell(event) {
      waiting.push(event);
      if (!running) void drain();
    },
  };
}
