import type { Id } from "../kernel/ids.ts";
import type { Database, Queries } from "../platform/database/index.ts";
import type { Managed, Snapshot, Tenant } from "./model.ts";
import {
  ADDRESS_BLOCK,
  BLUEPRINT,
  FIELD_SCHEMA,
  FOUNDATION,
  GROUP,
  INTERFACE,
  LINK,
  NETWORK,
  rowOf,
  SITE,
  STRUCTURE,
  TENANT_MEMBERS,
  ZONE,
  type RowKind,
  type TableName,
} from "./rows.ts";

/** Reads the whole inventory of a tenant as plain data. What did not change since the last time is not read again. */
export interface SnapshotReader {
  /** `queries`: the transaction, when one is open. */
  read(tenantId: Id, queries?: Queries): Promise<Snapshot>;
}

interface Known {
  readonly revision: number;
  readonly snapshot: Snapshot;
}

/** Writers may go on while somebody reads; after so many tries what was read is good enough, and the next look sees the rest. */
const MOST_TRIES = 5;

export function createSnapshotReader(database: Database): SnapshotReader {
  const known = new Map<Id, Known>();
  return {
    async read(tenantId, queries) {
      const from = queries ?? database.kysely;
      let base = known.get(tenantId);
      for (let tries = 0; ; tries += 1) {
        const tenant = await from.selectFrom("tenant").selectAll().where("id", "=", tenantId).executeTakeFirstOrThrow();
        if (base?.revision === tenant.revision || (base !== undefined && tries >= MOST_TRIES)) return base.snapshot;
        const row = rowOf<Tenant>({ members: TENANT_MEMBERS }, tenant);
        const snapshot = await readNewer(from, row, tenant.revision, base);
        base = { revision: tenant.revision, snapshot };
        // What a transaction reads may never be committed: only what others see too is kept.
        if (queries === undefined) known.set(tenantId, base);
      }
    },
  };
}

async function readNewer(
  queries: Queries,
  tenant: Tenant,
  revision: number,
  base: Known | undefined,
): Promise<Snapshot> {
  const since = base?.revision ?? -1;
  const removed =
    base === undefined
      ? []
      : await queries
          .selectFrom("inventory_removed")
          .select(["kind", "name"])
          .where("tenant_id", "=", tenant.id)
          .where("revision", ">", since)
          .execute();

  async function rows<Row extends Managed & { readonly name: string }>(
    kind: RowKind<Row>,
    before: ReadonlyMap<string, Row> | undefined,
  ): Promise<ReadonlyMap<string, Row>> {
    const found = await select(queries, kind.table, tenant.id, since);
    const gone = removed.filter((one) => one.kind === kind.table);
    if (before !== undefined && found.length === 0 && gone.length === 0) return before;
    const all = new Map(before);
    for (const { name } of gone) all.delete(name);
    for (const columns of found) {
      const row = rowOf(kind, columns);
      all.set(row.name, row);
    }
    return all;
  }

  return {
    tenant,
    revision,
    sites: await rows(SITE, base?.snapshot.sites),
    groups: await rows(GROUP, base?.snapshot.groups),
    networks: await rows(NETWORK, base?.snapshot.networks),
    links: await rows(LINK, base?.snapshot.links),
    interfaces: await rows(INTERFACE, base?.snapshot.interfaces),
    zones: await rows(ZONE, base?.snapshot.zones),
    fieldSchemas: await rows(FIELD_SCHEMA, base?.snapshot.fieldSchemas),
    addressBlocks: await rows(ADDRESS_BLOCK, base?.snapshot.addressBlocks),
    blueprints: await rows(BLUEPRINT, base?.snapshot.blueprints),
    foundations: await rows(FOUNDATION, base?.snapshot.foundations),
    structures: await rows(STRUCTURE, base?.snapshot.structures),
  };
}

function select(queries: Queries, table: TableName, tenantId: Id, since: number): Promise<object[]> {
  return queries
    .selectFrom(table)
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("revision", ">", since)
    .orderBy("name")
    .execute();
}
