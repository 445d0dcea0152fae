import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Tables, Transaction } from "../platform/database/index.ts";
import type { Event } from "../platform/events/index.ts";
import type { DeadLetter, SecretSource, Webhook, WebhookFilter, WebhookState } from "./model.ts";
import "./tables.ts";

/** Webhooks of a tenant, or of all, by name. */
export async function selectWebhooks(queries: Queries, tenantId?: Id): Promise<readonly Webhook[]> {
  let query = queries.selectFrom("webhook").selectAll();
  if (tenantId !== undefined) query = query.where("tenant_id", "=", tenantId);
  return (await query.orderBy("name").execute()).map(webhookOf);
}

/** With where its reading of events begins. Throws a unique violation when the tenant has one of this name. */
export async function insertWebhook(tx: Transaction, webhook: Webhook, cursor: string): Promise<void> {
  await tx.insertInto("webhook").values(columnsOf(webhook)).execute();
  await tx
    .insertInto("webhook_state")
    .values({
      webhook_id: webhook.id,
      cursor,
      event_id: null,
      attempts: 0,
      next_at: null,
      last_error: null,
      delivered_at: null,
      owner: null,
      lease_until: 0,
    })
    .execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateWebhook(tx: Transaction, webhook: Webhook): Promise<boolean> {
  const { id, ...columns } = columnsOf(webhook);
  const done = await tx
    .updateTable("webhook")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", webhook.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

export async function deleteWebhook(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("webhook").where("id", "=", id).execute();
}

export async function selectState(queries: Queries, id: Id): Promise<WebhookState | undefined> {
  const row = await queries.selectFrom("webhook_state").selectAll().where("webhook_id", "=", id).executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    cursor: row.cursor,
    eventId: row.event_id,
    attempts: row.attempts,
    nextAt: row.next_at,
    lastError: row.last_error,
    deliveredAt: row.delivered_at,
  };
}

export async function saveState(queries: Queries, id: Id, state: WebhookState): Promise<void> {
  await queries
    .updateTable("webhook_state")
    .set({
      cursor: state.cursor,
      event_id: state.eventId,
      attempts: state.attempts,
      next_at: state.nextAt,
      last_error: state.lastError,
      delivered_at: state.deliveredAt,
    })
    .where("webhook_id", "=", id)
    .execute();
}

/** Takes a webhook for a server, or holds on to it; false: another one has it. `anyway`: there can be no other. */
export async function claimWebhook(
  queries: Queries,
  id: Id,
  claim: { readonly owner: Id; readonly now: number; readonly until: number; readonly anyway: boolean },
): Promise<boolean> {
  let query = queries
    .updateTable("webhook_state")
    .set({ owner: claim.owner, lease_until: claim.until })
    .where("webhook_id", "=", id);
  if (!claim.anyway)
    query = query.where((one) =>
      one.or([one("owner", "is", null), one("owner", "=", claim.owner), one("lease_until", "<=", claim.now)]),
    );
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}

/** Gives back what a server has. */
export async function releaseWebhooks(queries: Queries, owner: Id): Promise<void> {
  await queries.updateTable("webhook_state").set({ owner: null, lease_until: 0 }).where("owner", "=", owner).execute();
}

/** One that is there already is brought up to date, and is not wanted again any more. */
export async function saveDeadLetter(tx: Transaction, letter: Omit<DeadLetter, "replay">): Promise<void> {
  const values = { attempts: letter.attempts, error: letter.error, gave_up_at: letter.gaveUpAt, replay: 0 };
  await tx
    .insertInto("webhook_dead_letter")
    .values({
      webhook_id: letter.webhookId,
      event_id: letter.event.id,
      event: JSON.stringify(letter.event),
      ...values,
    })
    .onConflict((conflict) => conflict.columns(["webhook_id", "event_id"]).doUpdateSet(values))
    .execute();
}

/** Of a webhook, in the order of their events. */
export async function selectDeadLetters(
  queries: Queries,
  webhookId: Id,
  { after = "", limit, replay }: { readonly after?: string; readonly limit: number; readonly replay?: boolean },
): Promise<readonly DeadLetter[]> {
  let query = queries
    .selectFrom("webhook_dead_letter")
    .selectAll()
    .where("webhook_id", "=", webhookId)
    .where("event_id", ">", after);
  if (replay !== undefined) query = query.where("replay", "=", replay ? 1 : 0);
  const rows = await query.orderBy("event_id").limit(limit).execute();
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    event: JSON.parse(row.event) as Event,
    attempts: row.attempts,
    error: row.error,
    gaveUpAt: row.gave_up_at,
    replay: row.replay === 1,
  }));
}

export async function countDeadLetters(queries: Queries, webhookId: Id): Promise<number> {
  const { count } = await queries
    .selectFrom("webhook_dead_letter")
    .select((one) => one.fn.countAll<number>().as("count"))
    .where("webhook_id", "=", webhookId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Marks dead letters to be sent again: all of a webhook, or those of these ids. Returns how many. */
export async function wantReplay(tx: Transaction, webhookId: Id, ids: readonly Id[] | undefined): Promise<number> {
  let query = tx.updateTable("webhook_dead_letter").set({ replay: 1 }).where("webhook_id", "=", webhookId);
  if (ids !== undefined) query = query.where("event_id", "in", [...ids]);
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}

export async function deleteDeadLetter(queries: Queries, webhookId: Id, eventId: Id): Promise<void> {
  await queries
    .deleteFrom("webhook_dead_letter")
    .where("webhook_id", "=", webhookId)
    .where("event_id", "=", eventId)
    .execute();
}

/** Those given up before a time. */
export async function pruneDeadLetters(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom("webhook_dead_letter").where("gave_up_at", "<", before).execute();
}

/** What waits for a receiver. */
export interface Hold {
  readonly taskId: Id;
  readonly tenantId: Id;
  readonly jobId: Id;
  readonly type: string;
  readonly subjectId: Id;
  readonly onTimeout: "fail" | "go_on";
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** False when it is there already. */
export async function insertHold(tx: Transaction, hold: Hold): Promise<boolean> {
  const done = await tx
    .insertInto("webhook_hold")
    .values({
      task_id: hold.taskId,
      tenant_id: hold.tenantId,
      job_id: hold.jobId,
      type: hold.type,
      subject_id: hold.subjectId,
      on_timeout: hold.onTimeout,
      created_at: hold.createdAt,
      expires_at: hold.expiresAt,
    })
    .onConflict((conflict) => conflict.column("task_id").doNothing())
    .executeTakeFirst();
  return (done.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function selectHolds(queries: Queries, taskIds: readonly Id[]): Promise<ReadonlyMap<Id, Hold>> {
  if (taskIds.length === 0) return new Map();
  const rows = await queries
    .selectFrom("webhook_hold")
    .selectAll()
    .where("task_id", "in", [...taskIds])
    .execute();
  return new Map(rows.map((row) => [row.task_id, holdOf(row)]));
}

export async function pruneHolds(queries: Queries, expiredBefore: number): Promise<void> {
  await queries.deleteFrom("webhook_hold").where("expires_at", "<", expiredBefore).execute();
}

export async function forgetTenant(tx: Transaction, tenantId: Id): Promise<void> {
  await tx.deleteFrom("webhook_hold").where("tenant_id", "=", tenantId).execute();
  await tx.deleteFrom("webhook").where("tenant_id", "=", tenantId).execute();
}

function holdOf(row: Selectable<Tables["webhook_hold"]>): Hold {
  return {
    taskId: row.task_id,
    tenantId: row.tenant_id,
    jobId: row.job_id,
    type: row.type,
    subjectId: row.subject_id,
    onTimeout: row.on_timeout === "go_on" ? "go_on" : "fail",
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

function columnsOf(webhook: Webhook): Tables["webhook"] {
  const { id, tenantId, name, url, filter, ca, secret, former, active, owner, version, createdAt, updatedAt } = webhook;
  return {
    id,
    tenant_id: tenantId,
    name,
    url,
    filter: JSON.stringify(filter),
    ca,
    secret: JSON.stringify(secret),
    former: former === null ? null : JSON.stringify(former),
    active: active ? 1 : 0,
    owner_id: owner.accountId,
    owner_name: owner.name,
    version,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

function webhookOf(row: Selectable<Tables["webhook"]>): Webhook {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    url: row.url,
    filter: JSON.parse(row.filter) as WebhookFilter,
    ca: row.ca,
    secret: JSON.parse(row.secret) as SecretSource,
    former: row.former === null ? null : (JSON.parse(row.former) as SecretSource),
    active: row.active === 1,
    owner: { accountId: row.owner_id, name: row.owner_name },
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
