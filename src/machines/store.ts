import type { Selectable } from "kysely";
import { MACHINE_FACTS_SCHEMA } from "../blueprints/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Tables, Transaction } from "../platform/database/index.ts";
import type { Machine, MachineState, Outcome } from "./model.ts";
import "./tables.ts";

export interface KeptMachine extends Machine {
  readonly secretHash: string;
}

/** A registration token without what makes it open anything. */
export interface MachineToken {
  readonly id: Id;
  readonly site: string;
  readonly description: string;
  readonly createdAt: number;
  /** Null: good until it is revoked. */
  readonly expiresAt: number | null;
  /** When a machine registered with it last. */
  readonly usedAt: number | null;
}

export interface MachineFilter {
  readonly state?: MachineState | undefined;
  readonly site?: string | undefined;
}

export async function selectMachine(queries: Queries, id: Id): Promise<KeptMachine | undefined> {
  const row = await queries.selectFrom("machine").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : machineOf(row);
}

export async function selectByIdentity(
  queries: Queries,
  where: Pick<Machine, "tenantId" | "site" | "identity">,
): Promise<KeptMachine | undefined> {
  const row = await queries
    .selectFrom("machine")
    .selectAll()
    .where("tenant_id", "=", where.tenantId)
    .where("site", "=", where.site)
    .where("identity", "=", where.identity)
    .executeTakeFirst();
  return row === undefined ? undefined : machineOf(row);
}

/** By id, which is by age. */
export async function selectMachines(
  queries: Queries,
  tenantId: Id,
  filter: MachineFilter,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly Machine[]> {
  let query = queries
    .selectFrom("machine")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("id", ">", page.after)
    .orderBy("id")
    .limit(page.limit);
  if (filter.state !== undefined) query = query.where("state", "=", filter.state);
  if (filter.site !== undefined) query = query.where("site", "=", filter.site);
  return (await query.execute()).map(machineOf);
}

export async function countMachines(queries: Queries, tenantId: Id, site: string): Promise<number> {
  const row = await queries
    .selectFrom("machine")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", tenantId)
    .where("site", "=", site)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Inserts it, or replaces what is kept of it. */
export async function saveMachine(tx: Transaction, machine: KeptMachine): Promise<void> {
  const { id, ...columns } = columnsOf(machine);
  const done = await tx.updateTable("machine").set(columns).where("id", "=", id).executeTakeFirst();
  if (done.numUpdatedRows === 0n)
    await tx
      .insertInto("machine")
      .values({ id, ...columns })
      .execute();
}

export async function deleteMachine(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("machine").where("id", "=", id).execute();
}

export async function insertToken(
  tx: Transaction,
  token: MachineToken & { readonly tenantId: Id; readonly hash: string },
): Promise<void> {
  await tx
    .insertInto("machine_token")
    .values({
      hash: token.hash,
      id: token.id,
      tenant_id: token.tenantId,
      site: token.site,
      description: token.description,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
      used_at: token.usedAt,
    })
    .execute();
}

export async function selectToken(
  queries: Queries,
  hash: string,
): Promise<(MachineToken & { readonly tenantId: Id }) | undefined> {
  const row = await queries.selectFrom("machine_token").selectAll().where("hash", "=", hash).executeTakeFirst();
  return row === undefined ? undefined : { ...tokenOf(row), tenantId: row.tenant_id };
}

export async function noteUse(tx: Transaction, hash: string, at: number): Promise<void> {
  await tx.updateTable("machine_token").set({ used_at: at }).where("hash", "=", hash).execute();
}

/** By id, which is by age. */
export async function selectTokens(
  queries: Queries,
  tenantId: Id,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly MachineToken[]> {
  const rows = await queries
    .selectFrom("machine_token")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("id", ">", page.after)
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map(tokenOf);
}

/** False when there is none. */
export async function deleteToken(tx: Transaction, tenantId: Id, id: Id): Promise<boolean> {
  const done = await tx
    .deleteFrom("machine_token")
    .where("tenant_id", "=", tenantId)
    .where("id", "=", id)
    .executeTakeFirst();
  return done.numDeletedRows > 0n;
}

/** With a tenant that is removed: nobody registers there any more. */
export async function deleteOfTenant(tx: Transaction, tenantId: Id): Promise<void> {
  await tx.deleteFrom("machine").where("tenant_id", "=", tenantId).execute();
  await tx.deleteFrom("machine_token").where("tenant_id", "=", tenantId).execute();
}

function machineOf(row: Selectable<Tables["machine"]>): KeptMachine {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    site: row.site,
    identity: row.identity,
    secretHash: row.secret_hash,
    facts: MACHINE_FACTS_SCHEMA.parse(JSON.parse(row.facts)),
    outcome: JSON.parse(row.outcome) as Outcome,
    assigned: row.assigned,
    registeredAt: row.registered_at,
    seenAt: row.seen_at,
  };
}

function columnsOf(machine: KeptMachine): Tables["machine"] {
  return {
    id: machine.id,
    tenant_id: machine.tenantId,
    site: machine.site,
    identity: machine.identity,
    secret_hash: machine.secretHash,
    facts: JSON.stringify(machine.facts),
    outcome: JSON.stringify(machine.outcome),
    state: machine.outcome.state,
    assigned: machine.assigned,
    registered_at: machine.registeredAt,
    seen_at: machine.seenAt,
  };
}

function tokenOf(row: Selectable<Tables["machine_token"]>): MachineToken {
  return {
    id: row.id,
    site: row.site,
    description: row.description,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
  };
}
