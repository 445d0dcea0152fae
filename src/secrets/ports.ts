import type { Principal } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";

/** What secrets need of others beside their owners (`owners.ts`). */

/** Something that was done with a secret or a key, for the audit. Never a value. */
export interface SecretDeed {
  readonly tenantId: Id;
  readonly principal: Principal;
  readonly action:
    | "secret.created"
    | "secret.changed"
    | "secret.deleted"
    | "secret.read"
    | "secret.used"
    | "secret.data_key_rotated"
    | "secret.master_key_rotated";
  readonly subject: { readonly kind: "secret" | "tenant" | "server"; readonly id: Id; readonly name: string };
  readonly data: JsonObject;
}

/** Writes a deed into the audit, in the transaction that does it. */
export type RecordDeed = (tx: Transaction, deed: SecretDeed) => Promise<void>;

/** A request that may come twice, and shall be done once. */
export interface RequestOnce {
  /** The header `Idempotency-Key`. */
  readonly key: string;
  /** Of everything that makes the request what it is. */
  readonly hash: string;
}

/** Does `work` once for a key of a tenant, and answers later requests of the same key as the first was answered. */
export type DoOnce = (
  tx: Transaction,
  tenantId: Id,
  request: RequestOnce | undefined,
  now: number,
  work: () => Promise<Json>,
) => Promise<Json>;
