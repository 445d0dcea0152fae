import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";

/** A request that may come twice, and shall be done once. */
export interface RequestOnce {
  /** The header `Idempotency-Key`. */
  readonly key: string;
  /** Who asks: `actorKey`. */
  readonly by: string;
  /** Of everything that makes the request what it is. */
  readonly hash: string;
}

/**
 * Does `work` once for a key of a tenant, and answers later requests of the same key as the first was answered. A port: the inventory, which
 * keeps the answers, fills it.
 */
export type DoOnce = (
  tx: Transaction,
  tenantId: Id,
  request: RequestOnce | undefined,
  now: number,
  work: () => Promise<Json>,
) => Promise<Json>;
