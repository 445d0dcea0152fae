import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { agentIdOf, type ExecutorIdentity, type ExecutorRecord, type Node } from "./model.ts";
import type { FleetSession } from "./session.ts";
import type { Sightings } from "./sightings.ts";

/** Who is there, as far as it is known here: by its connection to this server, or by when it was seen last. */

/** Heartbeats for which an executor that went away may still have its tasks. */
const LEASE_HEARTBEATS = 6;

export interface Presence {
  /** Its connection to this server is gone. */
  left(id: Id): void;
  back(id: Id): void;
  stateOf(record: ExecutorIdentity): Node["state"];
  /** As the API shows it. */
  nodeOf(record: ExecutorRecord): Node;
}

export function createPresence(parts: {
  readonly sessions: ReadonlyMap<Id, FleetSession>;
  readonly clock: Pick<Clock, "now">;
  /** What it told that is not in its record yet. */
  readonly news: Sightings["news"];
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
}): Presence {
  const { sessions, clock, heartbeat, news } = parts;
  /** When they went away that are not connected here any more. */
  const left = new Map<Id, number>();

  function look(record: ExecutorIdentity) {
    const session = sessions.get(record.id);
    const leftAt = left.get(record.id) ?? 0;
    const seenAt = session === undefined ? Math.max(record.seenAt ?? 0, leftAt) : session.heardAt();
    const recently = clock.now() - seenAt < heartbeat * LEASE_HEARTBEATS;
    // Connected to another replica: it is seen in the database only.
    const state: Node["state"] = session !== undefined || (recently && seenAt > leftAt) ? "connected" : "away";
    return { session, seenAt, recently, state };
  }

  return {
    left: (id) => void left.set(id, clock.now()),
    back: (id) => void left.delete(id),
    stateOf: (record) => look(record).state,
    nodeOf(record) {
      const { session, seenAt, recently, state } = look(record);
      // The leases of one that is away run out; until then they may still be its own.
      const done = session === undefined ? !recently : session.idle();
      const modules = session?.modules ?? record.modules;
      return {
        id: record.id,
        name: record.name,
        kind: record.kind,
        state,
        version: session?.version ?? record.version,
        modules: Object.keys(modules).sort(),
        slots: Object.fromEntries(
          Object.entries(modules).map(([name, { limit }]) => [name, { limit, inUse: session?.holding.get(name) ?? 0 }]),
        ),
        drain: record.drainAt === null ? null : done ? "drained" : "draining",
        foundationId: record.foundationId,
        siteId: record.siteId,
        facts: news(record.id)?.facts ?? record.facts,
        joinedAt: record.joinedAt,
        seenAt: seenAt === 0 ? null : seenAt,
        missed: seenAt === 0 ? null : Math.max(0, Math.floor((clock.now() - seenAt) / heartbeat)),
        load: session?.load() ?? null,
        agentId: agentIdOf(record) ?? null,
      };
    },
  };
}
