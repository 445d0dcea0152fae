import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Tables, Transaction } from "../platform/database/index.ts";
import type { ChangeSet, ChangeSetState, Comment, Content, Vote } from "./model.ts";
import "./tables.ts";

/** Change sets in the database. Whoever writes holds the tenant's inventory, so that numbers and versions are taken once. */

export async function nextNumber(tx: Transaction, tenantId: Id): Promise<number> {
  const row = await tx
    .selectFrom("change_set")
    .select((one) => one.fn.max("number").as("last"))
    .where("tenant_id", "=", tenantId)
    .executeTakeFirst();
  return Number(row?.last ?? 0) + 1;
}

export async function insertChangeSet(tx: Transaction, set: ChangeSet): Promise<void> {
  await tx.insertInto("change_set").values(columnsOf(set)).execute();
}

/** False when it is not of the version before this one. */
export async function updateChangeSet(tx: Transaction, set: ChangeSet): Promise<boolean> {
  const { id, ...columns } = columnsOf(set);
  const done = await tx
    .updateTable("change_set")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", set.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

export async function selectChangeSet(queries: Queries, tenantId: Id, number: number): Promise<ChangeSet | undefined> {
  const row = await queries
    .selectFrom("change_set")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : changeSetOf(row);
}

/** The newest first; those below a number. */
export async function selectChangeSets(
  queries: Queries,
  tenantId: Id,
  asked: { readonly state: ChangeSetState | null; readonly below: number | null; readonly limit: number },
): Promise<readonly ChangeSet[]> {
  let query = queries.selectFrom("change_set").selectAll().where("tenant_id", "=", tenantId);
  if (asked.state !== null) query = query.where("state", "=", asked.state);
  if (asked.below !== null) query = query.where("number", "<", asked.below);
  const rows = await query.orderBy("number", "desc").limit(asked.limit).execute();
  return rows.map(changeSetOf);
}

export async function insertComment(tx: Transaction, changeSetId: Id, comment: Comment): Promise<void> {
  const { id, author, text, createdAt } = comment;
  await tx
    .insertInto("change_comment")
    .values({
      id,
      change_set_id: changeSetId,
      author_key: author.key,
      author_name: author.name,
      text,
      created_at: createdAt,
    })
    .execute();
}

/** In the order in which they were written. */
export async function selectComments(queries: Queries, changeSetId: Id): Promise<readonly Comment[]> {
  const rows = await queries
    .selectFrom("change_comment")
    .selectAll()
    .where("change_set_id", "=", changeSetId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    author: { key: row.author_key, name: row.author_name },
    text: row.text,
    createdAt: row.created_at,
  }));
}

/** One vote for each person: a later one replaces it. */
export async function putVote(tx: Transaction, changeSetId: Id, vote: Vote): Promise<void> {
  const columns = {
    author_name: vote.author.name,
    vote: vote.vote,
    digest: vote.digest,
    covers: JSON.stringify(vote.covers),
    created_at: vote.createdAt,
  };
  await tx
    .insertInto("change_vote")
    .values({ change_set_id: changeSetId, author_key: vote.author.key, ...columns })
    .onConflict((conflict) => conflict.columns(["change_set_id", "author_key"]).doUpdateSet(columns))
    .execute();
}

export async function selectVotes(queries: Queries, changeSetId: Id): Promise<readonly Vote[]> {
  const rows = await queries
    .selectFrom("change_vote")
    .selectAll()
    .where("change_set_id", "=", changeSetId)
    .orderBy("created_at")
    .orderBy("author_key")
    .execute();
  return rows.map((row) => ({
    author: { key: row.author_key, name: row.author_name },
    vote: row.vote as Vote["vote"],
    digest: row.digest,
    covers: JSON.parse(row.covers) as string[],
    createdAt: row.created_at,
  }));
}

/** A rule as it is kept: sites by their ids, so that a new name changes nothing. */
export interface StoredRule {
  /** Empty: the whole tenant. */
  readonly siteId: string;
  readonly approvals: number;
  readonly direct: boolean;
}

export async function selectRules(queries: Queries, tenantId: Id): Promise<readonly StoredRule[]> {
  const rows = await queries
    .selectFrom("change_rule")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .orderBy("site_id")
    .execute();
  return rows.map(({ site_id: siteId, approvals, direct }) => ({ siteId, approvals, direct: direct === 1 }));
}

export async function putRule(tx: Transaction, tenantId: Id, { siteId, approvals, direct }: StoredRule): Promise<void> {
  const columns = { approvals, direct: direct ? 1 : 0 };
  await tx
    .insertInto("change_rule")
    .values({ tenant_id: tenantId, site_id: siteId, ...columns })
    .onConflict((conflict) => conflict.columns(["tenant_id", "site_id"]).doUpdateSet(columns))
    .execute();
}

/** False when there was none. */
export async function deleteRule(tx: Transaction, tenantId: Id, siteId: string): Promise<boolean> {
  const done = await tx
    .deleteFrom("change_rule")
    .where("tenant_id", "=", tenantId)
    .where("site_id", "=", siteId)
    .executeTakeFirst();
  return done.numDeletedRows > 0n;
}

function columnsOf(set: ChangeSet): Tables["change_set"] {
  return {
    id: set.id,
    tenant_id: set.tenantId,
    number: set.number,
    title: set.title,
    description: set.description,
    state: set.state,
    content: JSON.stringify(set.content),
    digest: set.digest,
    author_key: set.author.key,
    author_name: set.author.name,
    content_by_key: set.contentBy.key,
    content_by_name: set.contentBy.name,
    reverts: set.reverts,
    version: set.version,
    created_at: set.createdAt,
    updated_at: set.updatedAt,
    ended_by_key: set.endedBy?.key ?? null,
    ended_by_name: set.endedBy?.name ?? null,
    ended_at: set.endedAt,
  };
}

function changeSetOf(row: Selectable<Tables["change_set"]>): ChangeSet {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    number: row.number,
    title: row.title,
    description: row.description,
    state: row.state as ChangeSetState,
    content: JSON.parse(row.content) as Content,
    digest: row.digest,
    author: { key: row.author_key, name: row.author_name },
    contentBy: { key: row.content_by_key, name: row.content_by_name },
    reverts: row.reverts,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedBy: row.ended_by_key === null ? null : { key: row.ended_by_key, name: row.ended_by_name ?? "" },
    endedAt: row.ended_at,
  };
}
