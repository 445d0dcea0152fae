import type { Selectable } from "kysely";
import type { ExternalRows } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Queries, Tables } from "../platform/database/index.ts";
import type { Backend, BackendKind } from "./model.ts";
import "./tables.ts";

/** Of every tenant, by name. */
export async function selectBackends(queries: Queries): Promise<readonly Backend[]> {
  const rows = await queries.selectFrom("inventory_backend").selectAll().orderBy("name").execute();
  return rows.map(backendOf);
}

/** Throws a unique violation when the tenant has one of this name, or for this site. */
export async function insertBackend(queries: Queries, backend: Backend): Promise<void> {
  await queries.insertInto("inventory_backend").values(columnsOf(backend)).execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateBackend(queries: Queries, backend: Backend): Promise<boolean> {
  const { id, ...columns } = columnsOf(backend);
  const done = await queries
    .updateTable("inventory_backend")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", backend.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** False when it is not there, or not of this version. */
export async function deleteBackend(queries: Queries, id: Id, version: number): Promise<boolean> {
  const done = await queries
    .deleteFrom("inventory_backend")
    .where("id", "=", id)
    .where("version", "=", version)
    .executeTakeFirst();
  return done.numDeletedRows > 0n;
}

/** What backends of every tenant were last read to hold, as `namesOf` leaves it. */
export async function selectNames(queries: Queries): Promise<ReadonlyMap<Id, ExternalRows>> {
  const rows = await queries.selectFrom("inventory_backend_names").selectAll().execute();
  return new Map(rows.map((row) => [row.backend_id, JSON.parse(row.rows) as ExternalRows]));
}

export async function saveNames(queries: Queries, backendId: Id, rows: ExternalRows): Promise<void> {
  const values = { rows: JSON.stringify(rows) };
  await queries
    .insertInto("inventory_backend_names")
    .values({ backend_id: backendId, ...values })
    .onConflict((conflict) => conflict.column("backend_id").doUpdateSet(values))
    .execute();
}

function columnsOf(backend: Backend): Tables["inventory_backend"] {
  const { id, tenantId, name, kind, site, settings, version, createdAt, updatedAt } = backend;
  return {
    id,
    tenant_id: tenantId,
    name,
    kind,
    site,
    settings: JSON.stringify(settings),
    version,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

function backendOf(row: Selectable<Tables["inventory_backend"]>): Backend {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind as BackendKind,
    site: row.site,
    settings: JSON.parse(row.settings) as JsonObject,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
