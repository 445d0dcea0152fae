import type { Id } from "../kernel/ids.ts";
import type { Migration, Queries, Transaction } from "../platform/database/index.ts";

/** What imports of blueprints wrote of boot profiles, which have no owner of their own. */

interface ImportedProfileTable {
  tenant_id: string;
  import: string;
  name: string;
  hash: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    imported_profile: ImportedProfileTable;
  }
}

export const IMPORTED_MIGRATION: Migration = {
  name: "1402_imported_profile",
  statements: ({ id, text, strict }) => [
    `CREATE TABLE imported_profile (
      tenant_id ${id} NOT NULL,
      import ${text} NOT NULL,
      name ${text} NOT NULL,
      hash ${text} NOT NULL,
      PRIMARY KEY (tenant_id, import, name)
    )${strict}`,
  ],
};

/** By name, the hash of what the import wrote last. */
export async function readWritten(queries: Queries, tenantId: Id, name: string): Promise<ReadonlyMap<string, string>> {
  const rows = await queries
    .selectFrom("imported_profile")
    .select(["name", "hash"])
    .where("tenant_id", "=", tenantId)
    .where("import", "=", name)
    .execute();
  return new Map(rows.map((row) => [row.name, row.hash]));
}

export async function keepWritten(
  tx: Transaction,
  tenantId: Id,
  name: string,
  written: ReadonlyMap<string, string>,
): Promise<void> {
  await tx.deleteFrom("imported_profile").where("tenant_id", "=", tenantId).where("import", "=", name).execute();
  const rows = [...written].map(([profile, hash]) => ({ tenant_id: tenantId, import: name, name: profile, hash }));
  if (rows.length > 0) await tx.insertInto("imported_profile").values(rows).execute();
}

/** With a tenant that is removed. */
export async function forgetWritten(tx: Transaction, tenantId: Id): Promise<void> {
  await tx.deleteFrom("imported_profile").where("tenant_id", "=", tenantId).execute();
}
