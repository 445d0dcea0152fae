import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Database, Queries, Tables, Transaction } from "../platform/database/index.ts";
import type { OwnerKey, OwnerKind, SealedSecret, Secret, SecretKind } from "./model.ts";
import "./tables.ts";

/** Everything of a secret but its value. */
const SHOWN = [
  "id",
  "tenant_id",
  "owner_kind",
  "owner_id",
  "name",
  "kind",
  "size",
  "description",
  "expires_at",
  "generation",
  "version",
  "created_at",
  "updated_at",
] as const;

type ShownRow = Pick<Selectable<Tables["secret"]>, (typeof SHOWN)[number]>;

/** Which secrets a list is of, and where it begins: behind this name and id. */
export interface SecretFilter {
  readonly owner?: { readonly kind: OwnerKind; readonly id?: Id };
  readonly name?: string;
  readonly after?: { readonly name: string; readonly id: Id };
}

/** In the order of names, then of ids. */
export async function selectSecrets(
  queries: Queries,
  tenantId: Id,
  filter: SecretFilter,
  limit: number,
): Promise<readonly Secret[]> {
  const { owner, name, after } = filter;
  let query = queries.selectFrom("secret").select(SHOWN).where("tenant_id", "=", tenantId);
  if (owner !== undefined) query = query.where("owner_kind", "=", owner.kind);
  if (owner?.id !== undefined) query = query.where("owner_id", "=", owner.id);
  if (name !== undefined) query = query.where("name", "=", name);
  if (after !== undefined)
    query = query.where((row) =>
      row.or([row("name", ">", after.name), row.and([row("name", "=", after.name), row("id", ">", after.id)])]),
    );
  const rows = await query.orderBy("name").orderBy("id").limit(limit).execute();
  return rows.map(secretOf);
}

export async function selectSecret(queries: Queries, tenantId: Id, id: Id): Promise<Secret | undefined> {
  const row = await queries
    .selectFrom("secret")
    .select(SHOWN)
    .where("tenant_id", "=", tenantId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : secretOf(row);
}

/** All of a name that one of the owners has. */
export async function selectNamed(
  queries: Queries,
  tenantId: Id,
  name: string,
  owners: readonly OwnerKey[],
): Promise<readonly Secret[]> {
  if (owners.length === 0) return [];
  const rows = await queries
    .selectFrom("secret")
    .select(SHOWN)
    .where("tenant_id", "=", tenantId)
    .where("name", "=", name)
    .where(
      "owner_id",
      "in",
      owners.map(({ id }) => id),
    )
    .execute();
  return rows.map(secretOf);
}

/** With its value, sealed. */
export async function selectSealed(queries: Queries, tenantId: Id, id: Id): Promise<SealedSecret | undefined> {
  const row = await queries
    .selectFrom("secret")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : { ...secretOf(row), sealed: row.sealed };
}

/** Throws a unique violation when its owner has one of this name. */
export async function insertSecret(queries: Queries, secret: SealedSecret): Promise<void> {
  await queries.insertInto("secret").values(columnsOf(secret)).execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateSecret(queries: Queries, secret: SealedSecret): Promise<boolean> {
  const { id, ...columns } = columnsOf(secret);
  const done = await queries
    .updateTable("secret")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", secret.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** False when it is not there, or not of this version. */
export async function deleteSecret(
  queries: Queries,
  { id, version }: Pick<Secret, "id" | "version">,
): Promise<boolean> {
  const done = await queries
    .deleteFrom("secret")
    .where("id", "=", id)
    .where("version", "=", version)
    .executeTakeFirst();
  return done.numDeletedRows > 0n;
}

/** Who has secrets in a tenant. */
export async function selectOwners(queries: Queries, tenantId: Id): Promise<readonly OwnerKey[]> {
  const rows = await queries
    .selectFrom("secret")
    .select(["owner_kind", "owner_id"])
    .distinct()
    .where("tenant_id", "=", tenantId)
    .execute();
  return rows.map((row) => ({ kind: row.owner_kind as OwnerKind, id: row.owner_id }));
}

/** How many secrets a tenant has, and how many of them an older data key than this seals. */
export async function countSecrets(
  queries: Queries,
  tenantId: Id,
  generation: number,
): Promise<{ readonly all: number; readonly older: number }> {
  const { all } = await queries
    .selectFrom("secret")
    .select((one) => one.fn.countAll<number>().as("all"))
    .where("tenant_id", "=", tenantId)
    .executeTakeFirstOrThrow();
  const { older } = await queries
    .selectFrom("secret")
    .select((one) => one.fn.countAll<number>().as("older"))
    .where("tenant_id", "=", tenantId)
    .where("generation", "<", generation)
    .executeTakeFirstOrThrow();
  return { all: Number(all), older: Number(older) };
}

/** Where a walk through what older data keys seal goes on. */
export interface OlderPlace {
  readonly generation: number;
  readonly id: Id;
}

/**
 * Some that an older data key than this seals, by generation and id, behind a place: as many as have not more bytes together, and one at
 * least.
 */
export async function selectOlder(
  queries: Queries,
  { tenantId, generation, after }: { tenantId: Id; generation: number; after?: OlderPlace | undefined },
  most: { readonly rows: number; readonly bytes: number },
): Promise<readonly SealedSecret[]> {
  const sizes = await queries
    .selectFrom("secret")
    .select(["id", "size"])
    .where("tenant_id", "=", tenantId)
    .where("generation", "<", generation)
    .where((row) =>
      after === undefined
        ? row.lit(true)
        : row(row.refTuple("generation", "id"), ">", row.tuple(after.generation, after.id)),
    )
    .orderBy("generation")
    .orderBy("id")
    .limit(most.rows)
    .execute();
  let bytes = 0;
  const chosen = sizes.filter(({ size }, index) => {
    bytes += size;
    return index === 0 || bytes <= most.bytes;
  });
  if (chosen.length === 0) return [];
  const rows = await queries
    .selectFrom("secret")
    .selectAll()
    .where(
      "id",
      "in",
      chosen.map(({ id }) => id),
    )
    .where("tenant_id", "=", tenantId)
    .orderBy("generation")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ ...secretOf(row), sealed: row.sealed }));
}

/** What was sealed anew; what somebody changed or deleted meanwhile is left alone. Returns how many were written. */
export function updateSealed(
  database: Database,
  tx: Transaction,
  secrets: readonly SealedSecret[],
  before: readonly number[],
): Promise<number> {
  return database.bulkUpdate(tx, {
    table: "secret",
    keys: ["id", "version", "generation"],
    set: ["sealed", "generation"],
    rows: secrets.map(({ id, version, sealed, generation }, index) => [
      id,
      version,
      before[index] ?? 0,
      sealed,
      generation,
    ]),
  });
}

function columnsOf(secret: SealedSecret): Tables["secret"] {
  return {
    id: secret.id,
    tenant_id: secret.tenantId,
    owner_kind: secret.owner.kind,
    owner_id: secret.owner.id,
    name: secret.name,
    kind: secret.kind,
    size: secret.size,
    description: secret.description,
    expires_at: secret.expiresAt,
    generation: secret.generation,
    sealed: secret.sealed,
    version: secret.version,
    created_at: secret.createdAt,
    updated_at: secret.updatedAt,
  };
}

function secretOf(row: ShownRow): Secret {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    owner: { kind: row.owner_kind as OwnerKind, id: row.owner_id },
    name: row.name,
    kind: row.kind as SecretKind,
    size: row.size,
    description: row.description,
    expiresAt: row.expires_at,
    generation: row.generation,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
