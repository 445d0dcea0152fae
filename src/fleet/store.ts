import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import { insertAdverts, saveAdvert, selectAdverts } from "./advert-store.ts";
import type { Advert } from "./adverts.ts";
import type { ExecutorIdentity, ExecutorKind, ExecutorRecord } from "./model.ts";

interface ExecutorTable {
  id: string;
  tenant_id: string;
  kind: string;
  name: string;
  public_key: string;
  foundation_id: string | null;
  site_id: string | null;
  version: string;
  advert: string | null;
  facts: string;
  joined_at: number;
  seen_at: number | null;
  pin: string;
  drain_at: number | null;
}

interface JoinTokenTable {
  hash: string;
  id: string;
  tenant_id: string;
  kind: string;
  name: string | null;
  foundation_id: string | null;
  site_id: string | null;
  expires_at: number;
  used_at: number | null;
  used_key: string | null;
  executor_id: string | null;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    executor: ExecutorTable;
    join_token: JoinTokenTable;
    revoked_key: { public_key: string; tenant_id: string; name: string; revoked_at: number };
  }
}

export type JoinTokenRow = Selectable<JoinTokenTable>;

export async function insertToken(
  queries: Queries,
  row: Omit<JoinTokenRow, "used_at" | "used_key" | "executor_id">,
): Promise<void> {
  await queries
    .insertInto("join_token")
    .values({ ...row, used_at: null, used_key: null, executor_id: null })
    .execute();
}

export async function selectToken(queries: Queries, hash: string): Promise<JoinTokenRow | undefined> {
  return queries.selectFrom("join_token").selectAll().where("hash", "=", hash).executeTakeFirst();
}

/** False when somebody else was faster. */
export async function useToken(
  tx: Transaction,
  hash: string,
  use: { at: number; key: string; executorId: Id },
): Promise<boolean> {
  const result = await tx
    .updateTable("join_token")
    .set({ used_at: use.at, used_key: use.key, executor_id: use.executorId })
    .where("hash", "=", hash)
    .where("used_at", "is", null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** By id, which is by age; at most `limit` behind `after`. */
export async function selectTokens(
  queries: Queries,
  tenantId: Id,
  after: string,
  limit: number,
): Promise<readonly JoinTokenRow[]> {
  return queries
    .selectFrom("join_token")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("id", ">", after)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/** What it was, unless there is none. */
export async function deleteToken(tx: Transaction, tenantId: Id, id: Id): Promise<JoinTokenRow | undefined> {
  const row = await tx
    .selectFrom("join_token")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row !== undefined) await tx.deleteFrom("join_token").where("hash", "=", row.hash).execute();
  return row;
}

export async function deleteTokens(queries: Queries, expiredBefore: number): Promise<void> {
  await queries.deleteFrom("join_token").where("expires_at", "<", expiredBefore).execute();
}

export async function selectExecutor(queries: Queries, id: Id): Promise<ExecutorRecord | undefined> {
  const row = await queries.selectFrom("executor").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : recordOf(queries, row);
}

const IDENTITY = [
  "id",
  "tenant_id",
  "kind",
  "name",
  "public_key",
  "foundation_id",
  "site_id",
  "version",
  "joined_at",
  "seen_at",
  "pin",
  "drain_at",
] as const;

/** Who it is; what it says of itself is not read. */
export async function selectIdentity(queries: Queries, id: Id): Promise<ExecutorIdentity | undefined> {
  const row = await queries.selectFrom("executor").select(IDENTITY).where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : identityOf(row);
}

/** Every agent of a tenant, by name. */
export async function selectAgents(
  queries: Queries,
  tenantId: Id,
  names?: readonly string[],
): Promise<ExecutorIdentity[]> {
  const agents = queries
    .selectFrom("executor")
    .select(IDENTITY)
    .where("tenant_id", "=", tenantId)
    .where("kind", "=", "agent")
    .orderBy("name");
  const rows = await (names === undefined ? agents : agents.where("name", "in", names)).execute();
  return rows.map(identityOf);
}

export async function selectByFoundation(queries: Queries, foundationId: Id): Promise<ExecutorRecord | undefined> {
  const row = await queries
    .selectFrom("executor")
    .selectAll()
    .where("foundation_id", "=", foundationId)
    .executeTakeFirst();
  return row === undefined ? undefined : recordOf(queries, row);
}

export async function selectByName(queries: Queries, tenantId: Id, name: string): Promise<ExecutorRecord | undefined> {
  const row = await queries
    .selectFrom("executor")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : recordOf(queries, row);
}

/** Whoever has this public key, of whatever tenant. */
export async function selectByKey(queries: Queries, publicKey: string): Promise<ExecutorRecord | undefined> {
  const row = await queries.selectFrom("executor").selectAll().where("public_key", "=", publicKey).executeTakeFirst();
  return row === undefined ? undefined : recordOf(queries, row);
}

/** By name; at most `limit` behind `after`. */
export async function selectExecutors(
  queries: Queries,
  tenantId: Id,
  after: string,
  limit: number,
): Promise<ExecutorRecord[]> {
  const rows = await queries
    .selectFrom("executor")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("name", ">", after)
    .orderBy("name")
    .limit(limit)
    .execute();
  return recordsOf(queries, rows);
}

/** Every worker of every tenant, the one seen last at the end, with what it said it can do. */
export async function selectWorkers(
  queries: Queries,
): Promise<readonly Pick<ExecutorRecord, "id" | "tenantId" | "modules">[]> {
  const rows = await queries
    .selectFrom("executor")
    .select(["id", "tenant_id", "advert", "seen_at"])
    .where("kind", "=", "worker")
    .execute();
  const adverts = await advertsOf(queries, rows);
  return rows
    .sort((a, b) => (a.seen_at ?? 0) - (b.seen_at ?? 0))
    .map((row) => ({ id: row.id, tenantId: row.tenant_id, modules: adverts.get(row.advert ?? "") ?? {} }));
}

/** Those that trusted another authority when they were last seen, by name. */
export async function selectBehind(queries: Queries, tenantId: Id, pin: string): Promise<{ id: Id; name: string }[]> {
  return queries
    .selectFrom("executor")
    .select(["id", "name"])
    .where("tenant_id", "=", tenantId)
    .where("pin", "not in", [pin, ""])
    .orderBy("name")
    .execute();
}

/** Inserts an executor, or gives the one of that id its new key, name and place. */
export async function saveExecutor(tx: Transaction, record: ExecutorRecord): Promise<void> {
  const row = {
    id: record.id,
    tenant_id: record.tenantId,
    kind: record.kind,
    name: record.name,
    public_key: record.publicKey,
    foundation_id: record.foundationId,
    site_id: record.siteId,
    version: record.version,
    advert: await saveAdvert(tx, record.modules),
    facts: JSON.stringify(record.facts),
    joined_at: record.joinedAt,
    seen_at: record.seenAt,
    pin: record.pin,
    drain_at: record.drainAt,
  };
  const { id: _, ...changes } = row;
  await tx
    .insertInto("executor")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doUpdateSet(changes))
    .execute();
}

/** @param at since when it is given nothing new; null: it is again */
export async function saveDrain(tx: Transaction, id: Id, at: number | null): Promise<void> {
  await tx.updateTable("executor").set({ drain_at: at }).where("id", "=", id).execute();
}

/** Remembers a key that may never come back. */
export async function insertRevoked(tx: Transaction, record: ExecutorRecord, now: number): Promise<void> {
  await tx
    .insertInto("revoked_key")
    .values({ public_key: record.publicKey, tenant_id: record.tenantId, name: record.name, revoked_at: now })
    .onConflict((conflict) => conflict.column("public_key").doNothing())
    .execute();
}

/** When the key was revoked, epoch milliseconds. */
export async function revokedAt(queries: Queries, publicKey: string): Promise<number | undefined> {
  const row = await queries
    .selectFrom("revoked_key")
    .select("revoked_at")
    .where("public_key", "=", publicKey)
    .executeTakeFirst();
  return row?.revoked_at;
}

export async function deleteExecutor(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("content_grant").where("executor_id", "=", id).execute();
  await tx.deleteFrom("content_inbound").where("executor_id", "=", id).execute();
  await tx.deleteFrom("executor").where("id", "=", id).execute();
}

/** Left out is what stays as it was. */
export interface Sighting {
  readonly id: Id;
  readonly seenAt: number;
  readonly version?: string;
  readonly advert?: Advert;
  readonly facts?: JsonObject;
  readonly pin?: string;
}

/** What may be lost with the power: it is told again. */
export async function saveSightings(database: Database, sightings: readonly Sighting[]): Promise<void> {
  const adverts = new Map(sightings.flatMap(({ advert }) => (advert === undefined ? [] : [[advert.hash, advert]])));
  const columns = {
    seen_at: ({ seenAt }: Sighting) => seenAt,
    version: ({ version }: Sighting) => version,
    advert: ({ advert }: Sighting) => advert?.hash,
    facts: ({ facts }: Sighting) => (facts === undefined ? undefined : JSON.stringify(facts)),
    pin: ({ pin }: Sighting) => pin,
  };
  await database.transaction(
    async (tx) => {
      await insertAdverts(tx, [...adverts.values()]);
      for (const [column, valueOf] of Object.entries(columns)) {
        const rows = sightings.flatMap((one) => {
          const value = valueOf(one);
          return value === undefined ? [] : [[one.id, value]];
        });
        await database.bulkUpdate(tx, { table: "executor", keys: ["id"], set: [column], rows });
      }
    },
    { relaxed: true },
  );
}

function advertsOf(
  queries: Queries,
  rows: readonly { readonly advert: string | null }[],
): Promise<ReadonlyMap<string, ExecutorRecord["modules"]>> {
  return selectAdverts(
    queries,
    rows.flatMap(({ advert }) => (advert === null ? [] : [advert])),
  );
}

async function recordOf(queries: Queries, row: Selectable<ExecutorTable>): Promise<ExecutorRecord> {
  return (await recordsOf(queries, [row]))[0]!;
}

async function recordsOf(queries: Queries, rows: readonly Selectable<ExecutorTable>[]): Promise<ExecutorRecord[]> {
  const adverts = await advertsOf(queries, rows);
  return rows.map((row) => ({
    ...identityOf(row),
    modules: adverts.get(row.advert ?? "") ?? {},
    facts: JSON.parse(row.facts) as JsonObject,
  }));
}

function identityOf(row: Omit<Selectable<ExecutorTable>, "advert" | "facts">): ExecutorIdentity {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    kind: row.kind as ExecutorKind,
    name: row.name,
    publicKey: row.public_key,
    foundationId: row.foundation_id,
    siteId: row.site_id,
    version: row.version,
    joinedAt: row.joined_at,
    seenAt: row.seen_at,
    pin: row.pin,
    drainAt: row.drain_at,
  };
}
