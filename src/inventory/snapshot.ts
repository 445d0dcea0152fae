import type { CompiledQuery } from "kysely";
import { invariant } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database, Queries } from "../platform/database/index.ts";
import type { RowsKind } from "./index-keys.ts";
import { carryIndexes, type RowChange } from "./indexes.ts";
import type { Managed, Snapshot, Tenant } from "./model.ts";
import { withChanges } from "./overlay-map.ts";
import {
  ADDRESS_BLOCK,
  BLUEPRINT,
  COMPLEX,
  DEPENDENCY,
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

/** Rows that are read at once: a few milliseconds, after which others have their turn. */
const AT_ONCE = 2000;

export function createSnapshotReader(database: Database): SnapshotReader {
  const known = new Map<Id, Known>();
  const first = new Map<Id, Promise<Snapshot>>();

  /** Asked at every reading, so the statement is put together once. */
  const questions = new Map<Id, CompiledQuery<{ readonly revision: number }>>();

  async function revisionOf(from: Queries, tenantId: Id): Promise<number> {
    const question =
      questions.get(tenantId) ??
      database.kysely.selectFrom("tenant").select("revision").where("id", "=", tenantId).compile();
    questions.set(tenantId, question);
    const { rows } = await from.executeQuery(question);
    invariant(rows[0] !== undefined, "a snapshot is asked of a tenant that is there");
    return rows[0].revision;
  }

  async function readFrom(from: Queries, tenantId: Id, keep: boolean): Promise<Snapshot> {
    let base = known.get(tenantId);
    for (let tries = 0; ; tries += 1) {
      const revision = await revisionOf(from, tenantId);
      if (base?.revision === revision || (base !== undefined && tries >= MOST_TRIES)) return base.snapshot;
      const columns = await from.selectFrom("tenant").selectAll().where("id", "=", tenantId).executeTakeFirstOrThrow();
      const tenant = tenantOf(columns, base?.snapshot.tenant);
      const snapshot = await readNewer({ queries: from, patient: keep }, tenant, columns.revision, base);
      base = { revision: columns.revision, snapshot };
      // What a transaction reads may never be committed: only what others see too is kept.
      if (keep) known.set(tenantId, base);
    }
  }

  return {
    async read(tenantId, queries) {
      if (queries !== undefined) return readFrom(queries, tenantId, false);
      if (known.has(tenantId)) return readFrom(database.kysely, tenantId, true);
      // Reading everything takes long: whoever comes meanwhile waits for the same, and then looks whether more has come since.
      const reading = first.get(tenantId);
      if (reading !== undefined) {
        await reading;
        return readFrom(database.kysely, tenantId, true);
      }
      const mine = readFrom(database.kysely, tenantId, true).finally(() => first.delete(tenantId));
      first.set(tenantId, mine);
      return mine;
    },
  };
}

/** The tenant's row as before, when it is: what is worked out from its variables can then be used on. */
function tenantOf(columns: object, before: Tenant | undefined): Tenant {
  const row = rowOf<Tenant>({ members: TENANT_MEMBERS }, columns);
  if (before?.version === row.version && before.updatedAt === row.updatedAt) return before;
  return { ...row };
}

interface Reading {
  readonly queries: Queries;
  /** Others have their turn now and then. Not in a transaction, for which others wait. */
  readonly patient: boolean;
}

async function readNewer(
  reading: Reading,
  tenant: Tenant,
  revision: number,
  base: Known | undefined,
): Promise<Snapshot> {
  const { queries } = reading;
  const removed =
    base === undefined
      ? []
      : await queries
          .selectFrom("inventory_removed")
          .select(["kind", "name"])
          .where("tenant_id", "=", tenant.id)
          .where("revision", ">", base.revision)
          .execute();
  const changes = new Map<RowsKind, ReadonlyMap<string, RowChange>>();

  async function rows<Row extends Managed & { readonly name: string }>(
    kind: RowKind<Row>,
    member: RowsKind,
  ): Promise<ReadonlyMap<string, Row>> {
    const before = base?.snapshot[member] as unknown as ReadonlyMap<string, Row> | undefined;
    if (base === undefined || before === undefined) return readAll(reading, kind, tenant.id);
    const changed = new Map<string, Row | undefined>();
    for (const one of removed) if (one.kind === kind.table) changed.set(one.name, undefined);
    for (const columns of await selectNewer(queries, kind.table, tenant.id, base.revision)) {
      const row = rowOf(kind, columns);
      changed.set(row.name, row);
    }
    if (changed.size === 0) return before;
    changes.set(member, new Map([...changed].map(([name, row]) => [name, { before: before.get(name), after: row }])));
    return withChanges(before, changed);
  }

  const snapshot: Snapshot = {
    tenant,
    revision,
    sites: await rows(SITE, "sites"),
    groups: await rows(GROUP, "groups"),
    networks: await rows(NETWORK, "networks"),
    links: await rows(LINK, "links"),
    interfaces: await rows(INTERFACE, "interfaces"),
    zones: await rows(ZONE, "zones"),
    fieldSchemas: await rows(FIELD_SCHEMA, "fieldSchemas"),
    addressBlocks: await rows(ADDRESS_BLOCK, "addressBlocks"),
    blueprints: await rows(BLUEPRINT, "blueprints"),
    foundations: await rows(FOUNDATION, "foundations"),
    structures: await rows(STRUCTURE, "structures"),
    complexes: await rows(COMPLEX, "complexes"),
    dependencies: await rows(DEPENDENCY, "dependencies"),
  };
  if (base !== undefined) carryIndexes(base.snapshot, snapshot, changes);
  return snapshot;
}

/** Every row of a kind, by name, in the order of names. */
async function readAll<Row extends Managed & { readonly name: string }>(
  { queries, patient }: Reading,
  kind: RowKind<Row>,
  tenantId: Id,
): Promise<ReadonlyMap<string, Row>> {
  const all = new Map<string, Row>();
  for (let last: string | undefined; ;) {
    let query = queries
      .selectFrom(kind.table as TableName)
      .selectAll()
      .where("tenant_id", "=", tenantId);
    if (last !== undefined) query = query.where("name", ">", last);
    const found = await query.orderBy("name").limit(AT_ONCE).execute();
    for (const columns of found) {
      const row = rowOf(kind, columns);
      all.set(row.name, row);
      last = row.name;
    }
    if (found.length < AT_ONCE) return all;
    if (patient) await new Promise((resolve) => setImmediate(resolve));
  }
}

function selectNewer(queries: Queries, table: TableName, tenantId: Id, since: number): Promise<object[]> {
  return queries
    .selectFrom(table)
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("revision", ">", since)
    .orderBy("name")
    .execute();
}
