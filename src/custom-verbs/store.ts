import type { Selectable } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Tables, Transaction } from "../platform/database/index.ts";
import { VERB_KINDS, verbManifest } from "../verbs/index.ts";
import type { CustomVerb } from "./model.ts";
import "./tables.ts";

const COLUMNS = [
  "id",
  "tenant_id",
  "name",
  "manifest",
  "file",
  "kind",
  "sha256",
  "size",
  "version",
  "author",
  "created_at",
  "updated_at",
] as const;

/** Verbs of a tenant by name, without their files. */
export async function selectVerbs(queries: Queries, tenantId: Id): Promise<readonly CustomVerb[]> {
  const rows = await queries
    .selectFrom("custom_verb")
    .select(COLUMNS)
    .where("tenant_id", "=", tenantId)
    .orderBy("name")
    .execute();
  return rows.map(verbOf);
}

export async function selectVerb(queries: Queries, tenantId: Id, name: string): Promise<CustomVerb | undefined> {
  const row = await queries
    .selectFrom("custom_verb")
    .select(COLUMNS)
    .where("tenant_id", "=", tenantId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : verbOf(row);
}

export async function selectProgram(queries: Queries, id: Id): Promise<Uint8Array | undefined> {
  const row = await queries.selectFrom("custom_verb").select("program").where("id", "=", id).executeTakeFirst();
  return row?.program;
}

/** Throws a unique violation when the tenant has one of this name. */
export async function insertVerb(tx: Transaction, verb: CustomVerb, program: Uint8Array): Promise<void> {
  const { id, tenantId, createdAt } = verb;
  await tx
    .insertInto("custom_verb")
    .values({ id, tenant_id: tenantId, created_at: createdAt, ...changing(verb, program) })
    .execute();
}

/** False: it was changed meanwhile, and nothing happened. */
export async function updateVerb(tx: Transaction, verb: CustomVerb, program: Uint8Array): Promise<boolean> {
  const result = await tx
    .updateTable("custom_verb")
    .set(changing(verb, program))
    .where("id", "=", verb.id)
    .where("version", "=", verb.version - 1)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

export async function deleteVerb(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("custom_verb").where("id", "=", id).execute();
}

/** With a tenant go its verbs. */
export async function forgetVerbs(tx: Transaction, tenantId: Id): Promise<void> {
  await tx.deleteFrom("custom_verb").where("tenant_id", "=", tenantId).execute();
}

function changing(verb: CustomVerb, program: Uint8Array) {
  const { name, manifest, file, kind, sha256, size, version, author, updatedAt } = verb;
  return {
    name,
    manifest: JSON.stringify(manifest),
    file,
    kind,
    program,
    sha256,
    size,
    version,
    author,
    updated_at: updatedAt,
  };
}

function verbOf(row: Omit<Selectable<Tables["custom_verb"]>, "program">): CustomVerb {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    manifest: verbManifest.parse(JSON.parse(row.manifest)),
    file: row.file,
    kind: VERB_KINDS.find((kind) => kind === row.kind) ?? "program",
    sha256: row.sha256,
    size: row.size,
    version: row.version,
    author: row.author,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
