import { createHash } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { ColumnTypes, Migration, Transaction } from "../platform/database/index.ts";
import { IDEMPOTENCY_KEY_REUSED } from "./errors.ts";

/** A request that may come twice, and shall be done once. */
export interface RequestOnce {
  /** The header `Idempotency-Key`. */
  readonly key: string;
  /** Who asks (`actorKey`): nobody is answered what somebody else was. */
  readonly by: string;
  /** Of everything that makes the request what it is. */
  readonly hash: string;
}

/** Milliseconds for which an answer is kept. */
export const KEPT_FOR = 24 * 60 * 60 * 1000;

interface IdempotencyColumns {
  tenant_id: string;
  key: string;
  request: string;
  answer: string;
  created_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    idempotency: IdempotencyColumns;
  }
}

export const idempotencyMigration: Migration = {
  name: "1150_idempotency",
  statements: ({ id, text, json, time, strict }: ColumnTypes) => [
    `CREATE TABLE idempotency (
      tenant_id ${id} NOT NULL,
      key ${text} NOT NULL,
      request ${text} NOT NULL,
      answer ${json} NOT NULL,
      created_at ${time} NOT NULL,
      PRIMARY KEY (tenant_id, key)
    )${strict}`,
    "CREATE INDEX idempotency_age ON idempotency (created_at)",
  ],
};

/**
 * Does `work` once for a key of somebody, in the transaction that is open, and answers later requests of the same key as the first was answered. Who
 * asks at the same moment must have been made to wait before: by holding the tenant's inventory.
 *
 * Errors: `idempotency_key_reused`; and those of `work`, which are not kept.
 */
export async function once(
  tx: Transaction,
  tenantId: Id,
  request: RequestOnce | undefined,
  now: number,
  work: () => Promise<Json>,
): Promise<Json> {
  if (request === undefined) return work();
  await tx
    .deleteFrom("idempotency")
    .where("created_at", "<", now - KEPT_FOR)
    .execute();
  const key = `${request.by} ${request.key}`;
  const kept = await tx
    .selectFrom("idempotency")
    .select(["request", "answer"])
    .where("tenant_id", "=", tenantId)
    .where("key", "=", key)
    .executeTakeFirst();
  if (kept !== undefined) {
    if (kept.request === request.hash) return JSON.parse(kept.answer) as Json;
    throw new GantryError(
      IDEMPOTENCY_KEY_REUSED,
      `the Idempotency-Key '${request.key.slice(0, 80)}' was used for another request`,
    );
  }
  const answer = await work();
  await tx
    .insertInto("idempotency")
    .values({
      tenant_id: tenantId,
      key,
      request: request.hash,
      answer: JSON.stringify(answer),
      created_at: now,
    })
    .execute();
  return answer;
}

/** SHA-256 of the parts of a request, hex. */
export function requestHash(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}
