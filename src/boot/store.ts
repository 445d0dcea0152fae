import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Tables, Transaction } from "../platform/database/index.ts";
import type { BootKey, BootProfile, BootSetting, BootSignal } from "./model.ts";
import "./tables.ts";

/** Boot profiles of a tenant, by name. */
export async function selectProfiles(queries: Queries, tenantId: Id): Promise<readonly BootProfile[]> {
  const rows = await queries
    .selectFrom("boot_profile")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .orderBy("name")
    .execute();
  return rows.map(profileOf);
}

export async function selectProfile(queries: Queries, tenantId: Id, name: string): Promise<BootProfile | undefined> {
  const row = await queries
    .selectFrom("boot_profile")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : profileOf(row);
}

/** Throws a unique violation when the tenant has one of this name. */
export async function insertProfile(tx: Transaction, profile: BootProfile): Promise<void> {
  await tx.insertInto("boot_profile").values(profileColumns(profile)).execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateProfile(tx: Transaction, profile: BootProfile): Promise<boolean> {
  const { id, ...columns } = profileColumns(profile);
  const done = await tx
    .updateTable("boot_profile")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", profile.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

export async function deleteProfile(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("boot_profile").where("id", "=", id).execute();
}

/** What foundations of a tenant that boot a profile next, or of one foundation: the one set last first. */
export async function selectSettings(
  queries: Queries,
  where: { readonly tenantId: Id; readonly foundationId?: Id; readonly profile?: string },
): Promise<readonly BootSetting[]> {
  let query = queries.selectFrom("boot_setting").selectAll().where("tenant_id", "=", where.tenantId);
  if (where.foundationId !== undefined) query = query.where("foundation_id", "=", where.foundationId);
  if (where.profile !== undefined) query = query.where("profile", "=", where.profile);
  const rows = await query.orderBy("set_at", "desc").orderBy("interface").execute();
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    foundationId: row.foundation_id,
    interface: row.interface,
    profile: row.profile,
    jobId: row.job_id,
    setAt: row.set_at,
  }));
}

export async function saveSetting(tx: Transaction, setting: BootSetting): Promise<void> {
  const values = { profile: setting.profile, job_id: setting.jobId, set_at: setting.setAt };
  await tx
    .insertInto("boot_setting")
    .values({
      foundation_id: setting.foundationId,
      tenant_id: setting.tenantId,
      interface: setting.interface,
      ...values,
    })
    .onConflict((conflict) => conflict.columns(["foundation_id", "interface"]).doUpdateSet(values))
    .execute();
}

/** A profile got another name. */
export async function renameInSettings(tx: Transaction, tenantId: Id, before: string, after: string): Promise<void> {
  await tx
    .updateTable("boot_setting")
    .set({ profile: after })
    .where("tenant_id", "=", tenantId)
    .where("profile", "=", before)
    .execute();
}

export async function selectKey(queries: Queries, hash: string): Promise<BootKey | undefined> {
  const row = await queries.selectFrom("boot_key").selectAll().where("hash", "=", hash).executeTakeFirst();
  return row === undefined ? undefined : keyOf(row);
}

/** Of a foundation, the newest first. */
export async function selectKeys(queries: Queries, foundationId: Id): Promise<readonly BootKey[]> {
  const rows = await queries
    .selectFrom("boot_key")
    .selectAll()
    .where("foundation_id", "=", foundationId)
    .orderBy("id", "desc")
    .execute();
  return rows.map(keyOf);
}

export async function insertKey(tx: Transaction, key: BootKey): Promise<void> {
  await tx
    .insertInto("boot_key")
    .values({
      id: key.id,
      tenant_id: key.tenantId,
      foundation_id: key.foundationId,
      structure_id: key.structureId,
      job_id: key.jobId,
      hash: key.hash,
      created_at: key.createdAt,
      expires_at: key.expiresAt,
      closed: key.closed ? 1 : 0,
      suspended: key.suspended ? 1 : 0,
    })
    .execute();
}

export async function closeKey(tx: Transaction, id: Id): Promise<void> {
  await tx.updateTable("boot_key").set({ closed: 1 }).where("id", "=", id).execute();
}

/** Keys of a job that failed: they open nothing until it goes on. */
export async function suspendKeys(tx: Transaction, jobId: Id): Promise<void> {
  await tx.updateTable("boot_key").set({ suspended: 1 }).where("job_id", "=", jobId).execute();
}

/** Keys of a job that is retried: its machine boots again. */
export async function resumeKeys(tx: Transaction, jobId: Id, expiresAt: number): Promise<void> {
  await tx
    .updateTable("boot_key")
    .set({ suspended: 0, closed: 0, expires_at: expiresAt })
    .where("job_id", "=", jobId)
    .where("suspended", "=", 1)
    .execute();
}

/** Keys of a foundation or a job, or those that have expired; what is suspended is kept for its job. */
export async function deleteKeys(
  tx: Transaction,
  which: { readonly foundationId: Id } | { readonly jobId: Id } | { readonly expiredAt: number },
): Promise<void> {
  const query = tx.deleteFrom("boot_key");
  if ("foundationId" in which) await query.where("foundation_id", "=", which.foundationId).execute();
  else if ("jobId" in which) await query.where("job_id", "=", which.jobId).execute();
  else await query.where("expires_at", "<=", which.expiredAt).where("suspended", "=", 0).execute();
}

export async function selectSignals(
  queries: Queries,
  foundationIds: readonly Id[],
): Promise<ReadonlyMap<Id, BootSignal>> {
  if (foundationIds.length === 0) return new Map();
  const rows = await queries
    .selectFrom("boot_signal")
    .selectAll()
    .where("foundation_id", "in", [...foundationIds])
    .execute();
  return new Map(rows.map((row) => [row.foundation_id, signalOf(row)]));
}

export async function saveSignal(tx: Transaction, signal: BootSignal): Promise<void> {
  const { tenantId, foundationId, name, resetAt, outcome, message, signalledAt } = signal;
  const values = { name, reset_at: resetAt, outcome, message, signalled_at: signalledAt };
  await tx
    .insertInto("boot_signal")
    .values({ foundation_id: foundationId, tenant_id: tenantId, ...values })
    .onConflict((conflict) => conflict.column("foundation_id").doUpdateSet(values))
    .execute();
}

/** Everything of a foundation that is gone. */
export async function forgetFoundation(tx: Transaction, foundationId: Id): Promise<void> {
  await tx.deleteFrom("boot_key").where("foundation_id", "=", foundationId).execute();
  await tx.deleteFrom("boot_setting").where("foundation_id", "=", foundationId).execute();
  await tx.deleteFrom("boot_signal").where("foundation_id", "=", foundationId).execute();
}

export async function forgetTenant(tx: Transaction, tenantId: Id): Promise<void> {
  for (const table of ["boot_key", "boot_setting", "boot_signal", "boot_profile"] as const)
    await tx.deleteFrom(table).where("tenant_id", "=", tenantId).execute();
}

function profileColumns(profile: BootProfile): Tables["boot_profile"] {
  const { id, tenantId, name, description, script, template, version, createdAt, updatedAt } = profile;
  return {
    id,
    tenant_id: tenantId,
    name,
    description,
    script,
    template,
    version,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

function profileOf(row: Selectable<Tables["boot_profile"]>): BootProfile {
  const { tenant_id: tenantId, created_at: createdAt, updated_at: updatedAt, ...rest } = row;
  return { ...rest, tenantId, createdAt, updatedAt };
}

function keyOf(row: Selectable<Tables["boot_key"]>): BootKey {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    foundationId: row.foundation_id,
    structureId: row.structure_id,
    jobId: row.job_id,
    hash: row.hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    closed: row.closed === 1,
    suspended: row.suspended === 1,
  };
}

function signalOf(row: Selectable<Tables["boot_signal"]>): BootSignal {
  return {
    tenantId: row.tenant_id,
    foundationId: row.foundation_id,
    name: row.name,
    resetAt: row.reset_at,
    outcome: row.outcome as BootSignal["outcome"],
    message: row.message,
    signalledAt: row.signalled_at,
  };
}
