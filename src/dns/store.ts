import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import type { DnsTarget, Publication, PublicationState, RecordSet, TargetKind } from "./model.ts";
import { keyOf } from "./difference.ts";
import type { Tables } from "../platform/database/index.ts";
import "./tables.ts";

/** A zone in a view, as keys of tables have it: no view is an empty one. */
export interface ZoneKey {
  readonly zone: string;
  readonly view: string;
}

export interface SerialRow extends ZoneKey {
  readonly serial: number;
  readonly contentHash: string;
}

/** What is to be written of a publication. */
export interface PublicationChange {
  readonly state: PublicationState;
  readonly serial?: number | null;
  readonly contentHash?: string | null;
  readonly attempt: number;
  readonly nextTryAt: number;
  readonly lastError: string | null;
  readonly publishedAt?: number | null;
}

export async function selectTargets(queries: Queries, tenantId: Id): Promise<readonly DnsTarget[]> {
  const rows = await queries
    .selectFrom("dns_target")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .orderBy("name")
    .execute();
  return rows.map(targetOf);
}

export async function insertTarget(queries: Queries, target: DnsTarget): Promise<void> {
  await queries.insertInto("dns_target").values(targetColumns(target)).execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateTarget(queries: Queries, target: DnsTarget): Promise<boolean> {
  const { id, ...columns } = targetColumns(target);
  const done = await queries
    .updateTable("dns_target")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", target.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** Its publications go with it; what the server has stays there. */
export async function deleteTarget(queries: Queries, id: Id): Promise<void> {
  await queries.deleteFrom("dns_target").where("id", "=", id).execute();
}

export async function selectSerials(queries: Queries, tenantId: Id): Promise<readonly SerialRow[]> {
  const rows = await queries
    .selectFrom("dns_serial")
    .select(["zone", "view", "serial", "content_hash"])
    .where("tenant_id", "=", tenantId)
    .execute();
  return rows.map((row) => ({ zone: row.zone, view: row.view, serial: row.serial, contentHash: row.content_hash }));
}

export async function saveSerial(tx: Transaction, tenantId: Id, row: SerialRow, now: number): Promise<void> {
  const values = { serial: row.serial, content_hash: row.contentHash, changed_at: now };
  await tx
    .insertInto("dns_serial")
    .values({ tenant_id: tenantId, zone: row.zone, view: row.view, ...values })
    .onConflict((conflict) => conflict.columns(["tenant_id", "zone", "view"]).doUpdateSet(values))
    .execute();
}

/** All of a tenant, by target, zone and view. */
export async function selectPublications(queries: Queries, tenantId: Id): Promise<readonly Publication[]> {
  const rows = await queries
    .selectFrom("dns_published")
    .select([
      "target_id",
      "zone",
      "view",
      "state",
      "serial",
      "content_hash",
      "attempt",
      "next_try_at",
      "last_error",
      "published_at",
    ])
    .where("tenant_id", "=", tenantId)
    .orderBy("target_id")
    .orderBy("zone")
    .orderBy("view")
    .execute();
  return rows.map((row) => ({
    targetId: row.target_id,
    zone: row.zone,
    view: row.view,
    state: row.state as PublicationState,
    serial: row.serial,
    contentHash: row.content_hash,
    attempt: row.attempt,
    nextTryAt: row.next_try_at,
    lastError: row.last_error,
    publishedAt: row.published_at,
  }));
}

/** What the server has of ours, in no order; null when nothing is known. */
export async function selectSets(queries: Queries, targetId: Id, key: ZoneKey): Promise<readonly RecordSet[] | null> {
  const rows = await queries
    .selectFrom("dns_published_part")
    .select("sets")
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .orderBy("position")
    .execute();
  if (rows.length === 0) return null;
  const known = new Map<string, RecordSet>();
  for (const row of rows) {
    for (const set of JSON.parse(row.sets) as readonly RecordSet[]) {
      if (set.values.length === 0) known.delete(keyOf(set));
      else known.set(keyOf(set), set);
    }
  }
  return [...known.values()];
}

/** What a publication holds: by these three whoever wrote it last knows whether it still is what he wrote. */
export interface PublishedState {
  readonly serial: number | null;
  readonly contentHash: string | null;
  readonly parts: number;
}

export async function selectPublishedState(queries: Queries, targetId: Id, key: ZoneKey): Promise<PublishedState> {
  const row = await queries
    .selectFrom("dns_published")
    .select((columns) => [
      "serial",
      "content_hash",
      columns
        .selectFrom("dns_published_part as part")
        .select((own) => own.fn.countAll<number>().as("parts"))
        .whereRef("part.target_id", "=", "dns_published.target_id")
        .whereRef("part.zone", "=", "dns_published.zone")
        .whereRef("part.view", "=", "dns_published.view")
        .as("parts"),
    ])
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .executeTakeFirst();
  return { serial: row?.serial ?? null, contentHash: row?.content_hash ?? null, parts: Number(row?.parts ?? 0) };
}

/** Keeps what the server has: all of it, or nothing known. */
export async function saveSets(
  tx: Transaction,
  targetId: Id,
  key: ZoneKey,
  sets: readonly RecordSet[] | null,
): Promise<void> {
  await tx
    .deleteFrom("dns_published_part")
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .execute();
  if (sets !== null) await addSets(tx, targetId, key, 0, sets);
}

/** Keeps what the server has now otherwise; sets without values are gone. `position`: how many parts there are. */
export async function addSets(
  tx: Transaction,
  targetId: Id,
  key: ZoneKey,
  position: number,
  sets: readonly RecordSet[],
): Promise<void> {
  const { zone, view } = key;
  const row = { target_id: targetId, zone, view, position, sets: JSON.stringify(sets) };
  await tx.insertInto("dns_published_part").values(row).execute();
}

/** A publication that is to be: nothing of it is on the server yet. */
export async function insertPublication(tx: Transaction, tenantId: Id, targetId: Id, key: ZoneKey): Promise<void> {
  await tx
    .insertInto("dns_published")
    .values({
      target_id: targetId,
      tenant_id: tenantId,
      zone: key.zone,
      view: key.view,
      state: "waiting",
      serial: null,
      content_hash: null,
      attempt: 0,
      next_try_at: 0,
      held_until: 0,
      last_error: null,
      published_at: null,
    })
    .onConflict((conflict) => conflict.columns(["target_id", "zone", "view"]).doNothing())
    .execute();
}

export async function savePublication(
  queries: Queries,
  targetId: Id,
  key: ZoneKey,
  change: PublicationChange,
): Promise<void> {
  await queries
    .updateTable("dns_published")
    .set({
      state: change.state,
      attempt: change.attempt,
      next_try_at: change.nextTryAt,
      last_error: change.lastError,
      held_until: 0,
      ...(change.serial === undefined ? {} : { serial: change.serial }),
      ...(change.contentHash === undefined ? {} : { content_hash: change.contentHash }),
      ...(change.publishedAt === undefined ? {} : { published_at: change.publishedAt }),
    })
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .execute();
}

export async function deletePublication(queries: Queries, targetId: Id, key: ZoneKey): Promise<void> {
  await queries
    .deleteFrom("dns_published")
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .execute();
}

/** Takes a publication for oneself until a time. False when another server of ours is at it, or it is gone. */
export async function holdPublication(
  database: Database,
  targetId: Id,
  key: ZoneKey,
  now: number,
  until: number,
): Promise<boolean> {
  const done = await database.kysely
    .updateTable("dns_published")
    .set({ held_until: until })
    .where("target_id", "=", targetId)
    .where("zone", "=", key.zone)
    .where("view", "=", key.view)
    .where("held_until", "<=", now)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** What a server that is no more held. Only for one that knows that it is alone. */
export async function releaseHolds(queries: Queries): Promise<void> {
  await queries.updateTable("dns_published").set({ held_until: 0 }).where("held_until", ">", 0).execute();
}

/** Tenants that publish names. */
export async function selectPublishingTenants(queries: Queries): Promise<readonly Id[]> {
  const rows = await queries.selectFrom("dns_target").select("tenant_id").distinct().execute();
  return rows.map((row) => row.tenant_id);
}

function targetColumns(target: DnsTarget): Tables["dns_target"] {
  return {
    id: target.id,
    tenant_id: target.tenantId,
    name: target.name,
    kind: target.kind,
    settings: JSON.stringify(target.settings),
    zones: JSON.stringify(target.zones),
    view: target.view,
    version: target.version,
    created_at: target.createdAt,
    updated_at: target.updatedAt,
  };
}

function targetOf(row: Selectable<Tables["dns_target"]>): DnsTarget {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind as TargetKind,
    settings: JSON.parse(row.settings) as JsonObject,
    zones: JSON.parse(row.zones) as readonly string[],
    view: row.view,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
