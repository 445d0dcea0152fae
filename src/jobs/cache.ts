import type { Id } from "../kernel/ids.ts";
import type { LoadedJob } from "./job-store.ts";

/** Jobs as this replica committed them last, so that a turn need not read them again. The fence says whether one is still the present. */
export interface JobCache {
  /** The job, if it is still at this fence. */
  get(id: Id, fence: number): LoadedJob | undefined;
  /** `size`: characters of the state. */
  put(loaded: LoadedJob, size: number): void;
  drop(id: Id): void;
}

/** What a job takes beside its state, roughly. */
const JOB_SIZE = 2_000;

/** Keeps jobs up to `limit` characters in all; those not used for the longest time go first. */
export function createJobCache(limit: number): JobCache {
  const jobs = new Map<Id, { readonly loaded: LoadedJob; readonly size: number }>();
  let total = 0;

  function drop(id: Id): void {
    const known = jobs.get(id);
    if (known === undefined) return;
    total -= known.size;
    jobs.delete(id);
  }

  return {
    get(id, fence) {
      const known = jobs.get(id)?.loaded;
      if (known?.fence === fence) return known;
      drop(id);
      return undefined;
    },
    put(loaded, size) {
      drop(loaded.job.id);
      jobs.set(loaded.job.id, { loaded, size: size + JOB_SIZE });
      total += size + JOB_SIZE;
      for (const id of jobs.keys()) {
        if (total <= limit) break;
        drop(id);
      }
    },
    drop,
  };
}
