import type { Clock } from "../kernel/clock.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { AccessChanges } from "./changes.ts";
import type { TenantNames } from "./door.ts";
import { LOOK_MILLISECONDS } from "./holders.ts";

/** Names in memory; a server has fewer tenants, but each has an id and may have had other names. */
const MOST_KEPT = 10_000;

export interface TenantNamesParts {
  readonly clock: Pick<Clock, "now">;
  readonly bus: Bus;
  /** Told on the bus whenever a tenant may have another name. */
  readonly subject: string;
  readonly changes: AccessChanges;
}

/**
 * Tenants by name without asking the database at each request. A new name, or a tenant that is gone, is known at once on this server, and
 * at most `LOOK_MILLISECONDS` later on others. Only what is there is kept: who asks for names that are not fills no memory.
 */
export function keepTenantNames(tenants: TenantNames, parts: TenantNamesParts): TenantNames {
  const { clock, bus, subject, changes } = parts;
  const kept = new Map<string, { readonly found: Awaited<ReturnType<TenantNames["find"]>>; readonly at: number }>();
  let generation = 0;

  function forget(): void {
    generation += 1;
    kept.clear();
  }
  bus.subscribe(subject, forget);
  changes.onChange(forget);

  return {
    unknown: (idOrName) => tenants.unknown(idOrName),
    async find(idOrName) {
      const known = kept.get(idOrName);
      if (known !== undefined && Math.abs(clock.now() - known.at) < LOOK_MILLISECONDS) return known.found;
      const [before, at] = [generation, clock.now()];
      const { id, name } = await tenants.find(idOrName);
      if (kept.size >= MOST_KEPT) kept.clear();
      if (before === generation) kept.set(idOrName, { found: { id, name }, at });
      return { id, name };
    },
  };
}
