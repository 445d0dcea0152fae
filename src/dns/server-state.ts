import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import type { CurrentZone } from "./decide.ts";
import { differenceOf } from "./difference.ts";
import type { RecordSet } from "./model.ts";
import { addSets, saveSets, selectPublishedState, selectSets, type PublishedState, type ZoneKey } from "./store.ts";

/**
 * What name servers have of ours. It stands in the database; as long as it is what this process put there, it is not read again, and only
 * what changed is written.
 */
export interface ServerState {
  /** Null: nothing is known. */
  read(targetId: Id, key: ZoneKey): Promise<readonly RecordSet[] | null>;
  /** In the transaction that says that a zone is published. `before`: what was read. */
  write(
    tx: Transaction,
    targetId: Id,
    key: ZoneKey,
    before: readonly RecordSet[] | null,
    current: CurrentZone,
  ): Promise<void>;
  /** The transaction was committed. */
  written(targetId: Id, key: ZoneKey, current: CurrentZone): void;
  /** It may be other than what is known: the next one reads it. */
  forget(targetId: Id, key: ZoneKey): void;
}

interface Known extends PublishedState {
  readonly sets: readonly RecordSet[];
  /** Sets in the parts but the first. */
  readonly changed: number;
}

/** So many parts, and in them so many sets beside a share of all, are kept before all is written anew. */
const MOST_PARTS = 500;
const MOST_CHANGED = 1000;
const SHARE = 4;

export function createServerState(queries: Queries): ServerState {
  const known = new Map<string, Known>();
  /** Not committed yet. */
  const writing = new Map<string, Pick<Known, "parts" | "changed">>();

  return {
    async read(targetId, key) {
      const found = known.get(placeOf(targetId, key));
      const now = found === undefined ? undefined : await selectPublishedState(queries, targetId, key);
      if (
        found !== undefined &&
        found.serial === now?.serial &&
        found.contentHash === now.contentHash &&
        found.parts === now.parts
      )
        return found.sets;
      known.delete(placeOf(targetId, key));
      return selectSets(queries, targetId, key);
    },
    async write(tx, targetId, key, before, { zone }) {
      const place = placeOf(targetId, key);
      const found = known.get(place);
      const { put, drop } = found === undefined ? { put: [], drop: [] } : differenceOf(before ?? [], zone.sets);
      const changed = put.length + drop.length + (found?.changed ?? 0);
      const few = changed <= Math.max(MOST_CHANGED, zone.sets.length / SHARE);
      if (found === undefined || found.parts >= MOST_PARTS || !few) {
        await saveSets(tx, targetId, key, zone.sets);
        writing.set(place, { parts: 1, changed: 0 });
        return;
      }
      const sets = [...put.map(({ set }) => set), ...drop.map((set) => ({ ...set, values: [] }))];
      await addSets(tx, targetId, key, found.parts, sets);
      writing.set(place, { parts: found.parts + 1, changed });
    },
    written(targetId, key, { zone, serial, contentHash }) {
      const place = placeOf(targetId, key);
      const wrote = writing.get(place);
      writing.delete(place);
      if (wrote !== undefined) known.set(place, { ...wrote, serial, contentHash, sets: zone.sets });
    },
    forget(targetId, key) {
      known.delete(placeOf(targetId, key));
      writing.delete(placeOf(targetId, key));
    },
  };
}

function placeOf(targetId: Id, { zone, view }: ZoneKey): string {
  return `${targetId} ${zone} ${view}`;
}
