import type { Id } from "../kernel/ids.ts";
import type { ModuleAdvert } from "../link/index.ts";

/** What workers said they can do, kept also while they are away: a script that calls it is right, and waits for them. */
export interface Offered {
  note(worker: OfferingWorker): void;
  has(id: Id): boolean;
  forget(id: Id): void;
  of(tenantId: Id): Readonly<Record<string, ModuleAdvert>>;
}

interface OfferingWorker {
  readonly id: Id;
  /** Null: it works for every tenant. */
  readonly tenantId: Id | null;
  readonly modules: Readonly<Record<string, ModuleAdvert>>;
}

export function createOffered(): Offered {
  /** The one that connected last at the end. */
  const workers = new Map<Id, OfferingWorker>();
  return {
    note(worker) {
      workers.delete(worker.id);
      workers.set(worker.id, worker);
    },
    has: (id) => workers.has(id),
    forget: (id) => void workers.delete(id),
    of(tenantId) {
      // Names come from outside: none of them may mean anything to an object.
      const all = new Map<string, ModuleAdvert>();
      for (const worker of workers.values()) {
        if (worker.tenantId !== null && worker.tenantId !== tenantId) continue;
        for (const [name, { limit, functions }] of Object.entries(worker.modules)) {
          const before = all.get(name);
          all.set(name, {
            limit: Math.max(limit, before?.limit ?? 0),
            functions: Object.fromEntries([...Object.entries(before?.functions ?? {}), ...Object.entries(functions)]),
          });
        }
      }
      return Object.fromEntries(all);
    },
  };
}
