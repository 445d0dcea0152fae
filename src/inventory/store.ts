import { sql } from "kysely";
import { createAudit } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { parseAddress, toHex } from "../network/index.ts";
import type { Bus } from "../platform/bus/index.ts";
import {
  afterCommit,
  isUniqueViolation,
  type Database,
  type ColumnValue,
  type Queries,
  type Tables,
  type Transaction,
} from "../platform/database/index.ts";
import {
  changedEntry,
  createdEntry,
  MOST_WHOLE,
  removedEntry,
  storedAs,
  storedRows,
  tenantRow,
  type StoredRow,
} from "./audited.ts";
import type { DependencyBuild } from "./dependencies.ts";
import { INVENTORY_OUTDATED } from "./errors.ts";
import type {
  Buildable,
  Dependency,
  Foundation,
  FoundationBuild,
  FoundationNotes,
  InventoryWrites,
  Managed,
  Snapshot,
  Structure,
  StructureBuild,
  Tenant,
} from "./model.ts";
import {
  ADDRESS_BLOCK,
  BLUEPRINT,
  columnNames,
  columnValues,
  COMPLEX,
  DEPENDENCY,
  FIELD_SCHEMA,
  FOUNDATION,
  GROUP,
  INTERFACE,
  LINK,
  NETWORK,
  partialColumns,
  rowOf,
  SITE,
  STRUCTURE,
  TENANT_MEMBERS,
  ZONE,
  type RowKind,
  type TableName,
} from "./rows.ts";
import { OWNED_RULES } from "./kinds.ts";
import { createPast } from "./past-store.ts";
import { searchVariables, type SearchedKind, type SearchPage, type SearchResult } from "./search.ts";
import { createSnapshotReader } from "./snapshot.ts";
import { unusedRecords } from "./unused.ts";
import {
  changedDefinitions,
  createVariableIndex,
  definesVariables,
  removedDefinitions,
  storedDefinitions,
} from "./variable-index.ts";
import type { VariableQuery } from "./variable-path.ts";
import { createResolver } from "./variables.ts";
import "./tables.ts";

/** What a job makes of a row. */
interface BuildChange extends Partial<Pick<Buildable, "state" | "stale" | "rebuild" | "jobId" | "failure">> {
  readonly build?: FoundationBuild | StructureBuild | DependencyBuild | null;
}

export interface InventoryStore {
  /** The whole inventory as plain data; cheap when little has changed. Within a transaction, give it: it sees what it wrote. */
  snapshot(tenantId: Id, tx?: Transaction): Promise<Snapshot>;
  /** The whole inventory as it was at a time, epoch milliseconds. Errors: `history_begins`, `history_too_long`. */
  snapshotAt(tenantId: Id, at: number): Promise<Snapshot>;
  /**
   * Writes whole rows: new ones, and ones that replace a row whose version is one less.
   *
   * Errors: `inventory_outdated` when a row was written by somebody else meanwhile; the transaction is then to be given up.
   */
  write(tx: Transaction, tenantId: Id, writes: InventoryWrites): Promise<void>;
  /** Changes how far a row has come. False, and nothing changed, when it is not there or not of this version (null: any). */
  changeBuild(
    tx: Transaction,
    target: BuiltKind,
    id: Id,
    version: number | null,
    change: BuildChange,
  ): Promise<boolean>;
  readBuild<Target extends BuiltKind>(tx: Transaction, target: Target, id: Id): Promise<BuiltRows[Target] | undefined>;
  /** Changes what is kept of a foundation beside what somebody writes. False, and nothing changed, when it is not there. */
  changeBookkeeping(tx: Transaction, foundationId: Id, change: Partial<FoundationNotes>): Promise<boolean>;
  /** Removes a row, and gives its addresses back. False when it is not there, or not of this version. */
  remove(tx: Transaction, target: BuiltKind, id: Id, version: number): Promise<boolean>;
  /**
   * Removes rows of any kind, each of the version that was seen.
   *
   * Errors: `inventory_outdated`; the transaction is then to be given up.
   */
  removeRows(tx: Transaction, tenantId: Id, removals: readonly RowRemoval[]): Promise<void>;
  /** A tenant with nothing in it. Errors: `inventory_outdated` when there is one of this id or name. */
  createTenant(tx: Transaction, tenant: Tenant): Promise<void>;
  /** Replaces the tenant's own row, whose version is one less. Errors: `inventory_outdated`. */
  writeTenant(tx: Transaction, tenant: Tenant): Promise<void>;
  /**
   * A page of the structures or foundations whose resolved variables have a value at a path, in the order of names. Finds them by an index of
   * what is defined, and resolves each.
   */
  search(
    tenantId: Id,
    snapshot: Snapshot,
    kind: SearchedKind,
    query: VariableQuery,
    page: SearchPage,
  ): Promise<SearchResult>;
  /**
   * Removes what is to go and nothing needs any more; foundations and structures only go once they are taken down.
   * @returns rows removed
   */
  removeUnused(tx: Transaction, tenantId: Id): Promise<number>;
}

/** A row that goes. */
export interface RowRemoval {
  readonly table: TableName;
  readonly id: Id;
  readonly name: string;
  readonly version: number;
}

/** What jobs build. */
interface BuiltRows {
  readonly foundation: Foundation;
  readonly structure: Structure;
  readonly dependency: Dependency;
}

export type BuiltKind = keyof BuiltRows;

const BUILT_ROWS: Readonly<Record<BuiltKind, RowKind<never>>> = {
  foundation: FOUNDATION as unknown as RowKind<never>,
  structure: STRUCTURE as unknown as RowKind<never>,
  dependency: DEPENDENCY as unknown as RowKind<never>,
};

const { locatedAt, machineId, identifiers, placedOn } = FOUNDATION.members;
const NOTE_MEMBERS = { locatedAt, machineId, identifiers, placedOn } as typeof FOUNDATION.members;

/** Tables of what nothing is run for. */
const RECORD_TABLES = OWNED_RULES.filter(({ built }) => !built).map(({ table }) => table);

/** What is told on the bus after each commit that wrote the inventory of a tenant; its id is the payload. */
export const INVENTORY_SUBJECT = "inventory";

export interface InventoryStoreParts {
  readonly database: Database;
  readonly clock: Clock;
  /** Told of every change of an inventory. */
  readonly bus?: Bus;
}

export function createInventoryStore(parts: InventoryStoreParts): InventoryStore {
  const { database, clock, bus } = parts;
  const reader = createSnapshotReader(database);
  const index = createVariableIndex(database);
  const audit = createAudit(parts);
  const past = createPast({ database, audit, present: (tenantId) => reader.read(tenantId) });

  /** Begins to write: the revision of what is written. Who is to know of it is told after the commit. */
  async function begin(tx: Transaction, tenantId: Id): Promise<number> {
    const revision = await nextRevision(tx, tenantId);
    if (bus !== undefined)
      afterCommit(tx, `${INVENTORY_SUBJECT} ${tenantId}`, () => bus.publish(INVENTORY_SUBJECT, tenantId));
    return revision;
  }

  async function writeKind<Row extends Managed & { readonly name: string }>(
    tx: Transaction,
    kind: RowKind<Row>,
    tenantId: Id,
    revision: number,
    insert: readonly Row[],
    update: readonly Row[],
  ): Promise<void> {
    const columns = columnNames(kind);
    if (insert.length > 0) {
      const values = insert.map((row) => columnValues(kind, row));
      const rows = values.map((row, at) => [insert[at]?.id ?? "", tenantId, revision, ...row]);
      await database.bulkInsert(tx, { table: kind.table, columns: ["id", "tenant_id", "revision", ...columns], rows });
      await tellCreated(tx, tenantId, kind.table, insert, values);
    }
    await indexRows(tx, kind.table, tenantId, insert, update);
    if (update.length === 0) return;
    await tellChanged(tx, tenantId, kind, update);
    // Found by the version that was read, which also holds the row against others until the commit.
    const held = update.map((row) => [row.id, row.version - 1, row.updatedAt]);
    const found = await database.bulkUpdate(tx, {
      table: kind.table,
      keys: ["id", "version"],
      set: ["updated_at"],
      rows: held,
    });
    if (found !== update.length) throw outdated();
    const rows = update.map((row) => [row.id, revision, ...columnValues(kind, row)]);
    await database.bulkUpdate(tx, { table: kind.table, keys: ["id"], set: ["revision", ...columns], rows });
  }

  async function tellCreated(
    tx: Transaction,
    chain: Id,
    table: TableName,
    rows: readonly { readonly id: Id }[],
    values: readonly (readonly ColumnValue[])[],
  ): Promise<void> {
    const as = rows.length > MOST_WHOLE ? "digest" : "whole";
    const entries = rows.map(({ id }, at) => createdEntry({ chain, table }, storedAs(table, id, values[at] ?? []), as));
    await audit.append(tx, entries);
  }

  async function tellChanged<Row extends Managed & { readonly name: string }>(
    tx: Transaction,
    chain: Id,
    kind: RowKind<Row>,
    rows: readonly Row[],
  ): Promise<void> {
    const { table } = kind;
    for (const part of inParts(rows)) {
      const ids = part.map(({ id }) => id);
      const stored = await storedRows(tx, table, ids);
      const entries = part.map((row) => {
        const before = stored.get(row.id);
        return before && changedEntry({ chain, table }, before, storedAs(table, row.id, columnValues(kind, row)));
      });
      await audit.append(
        tx,
        entries.filter((entry) => entry !== undefined),
      );
    }
  }

  async function indexRows(
    tx: Transaction,
    table: TableName,
    tenantId: Id,
    insert: readonly (Managed & { readonly name: string })[],
    update: readonly (Managed & { readonly name: string })[],
  ): Promise<void> {
    if (!definesVariables(table) || insert.length + update.length === 0) return;
    const stored = await storedDefinitions(
      tx,
      table,
      update.map(({ id }) => id),
    );
    await index.write(tx, tenantId, changedDefinitions(table, [...insert, ...update], stored));
  }

  async function writeAddresses(
    tx: Transaction,
    tenantId: Id,
    insert: readonly Structure[],
    update: readonly Structure[],
  ): Promise<void> {
    for (const part of inParts(update.map(({ id }) => id))) {
      await tx.deleteFrom("address").where("structure_id", "in", part).execute();
    }
    const rows = [...insert, ...update].flatMap((structure) =>
      structure.addresses.map(({ block, address }) => [
        tenantId,
        block,
        toHex(parseAddress(address)),
        structure.id,
        structure.wanted === "absent" ? 1 : 0,
      ]),
    );
    if (rows.length === 0) return;
    await database.bulkInsert(tx, {
      table: "address",
      columns: ["tenant_id", "block", "address", "structure_id", "leaving"],
      rows,
    });
  }

  async function readRow<Target extends BuiltKind>(
    tx: Queries,
    target: Target,
    id: Id,
  ): Promise<{ tenantId: Id; row: BuiltRows[Target] } | undefined> {
    const columns = await tx
      .selectFrom(target as BuiltKind)
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    if (columns === undefined) return undefined;
    return {
      tenantId: columns.tenant_id,
      row: rowOf<BuiltRows[Target]>(BUILT_ROWS[target], columns),
    };
  }

  async function update(
    tx: Transaction,
    target: BuiltKind,
    id: Id,
    version: number | null,
    columns: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    const found = await tx.selectFrom(target).select("tenant_id").where("id", "=", id).executeTakeFirst();
    if (found === undefined) return false;
    const revision = await begin(tx, found.tenant_id);
    const before = (await storedRows(tx, target, [id])).get(id);
    let query = tx
      .updateTable(target)
      .set({ ...columns, revision, updated_at: clock.now() })
      .set({ version: sql<number>`version + 1` })
      .where("id", "=", id);
    if (version !== null) query = query.where("version", "=", version);
    const after = (await query.returningAll().execute())[0] as unknown as StoredRow | undefined;
    if (before === undefined || after === undefined) return false;
    const entry = changedEntry({ chain: found.tenant_id, table: target }, before, after);
    if (entry !== undefined) await audit.append(tx, [entry]);
    return true;
  }

  async function removeRows(tx: Transaction, tenantId: Id, removals: readonly RowRemoval[]): Promise<void> {
    if (removals.length === 0) return;
    const revision = await begin(tx, tenantId);
    for (const part of inParts(removals.filter(({ table }) => table === "structure").map(({ id }) => id))) {
      await tx.deleteFrom("address").where("structure_id", "in", part).execute();
    }
    for (const table of new Set(removals.map((one) => one.table))) {
      const versions = new Map(removals.filter((one) => one.table === table).map(({ id, version }) => [id, version]));
      for (const part of inParts([...versions.keys()])) {
        if (definesVariables(table))
          await index.write(tx, tenantId, removedDefinitions(table, await storedDefinitions(tx, table, part)));
        const gone = await tx.deleteFrom(table).where("id", "in", part).returningAll().execute();
        if (gone.length !== part.length || gone.some(({ id, version }) => versions.get(id) !== version))
          throw outdated();
        await audit.append(
          tx,
          gone.map((row) => removedEntry({ chain: tenantId, table }, row as unknown as StoredRow)),
        );
      }
    }
    await database.bulkInsert(tx, {
      table: "inventory_removed",
      columns: ["tenant_id", "kind", "name", "revision"],
      rows: removals.map(({ table, name }) => [tenantId, table, name, revision]),
    });
  }

  return {
    snapshot: (tenantId, tx) => reader.read(tenantId, tx),
    snapshotAt: (tenantId, at) => past.snapshot(tenantId, at),
    search(tenantId, snapshot, kind, query, page) {
      const resolver = createResolver(snapshot);
      return searchVariables(tenantId, { ...resolver, world: snapshot }, index.postings, kind, query, page);
    },
    async write(tx, tenantId, { insert, update: changed }) {
      try {
        const revision = await begin(tx, tenantId);
        await writeKind(tx, SITE, tenantId, revision, insert.sites, changed.sites);
        await writeKind(tx, GROUP, tenantId, revision, insert.groups, changed.groups);
        await writeKind(tx, NETWORK, tenantId, revision, insert.networks, changed.networks);
        await writeKind(tx, LINK, tenantId, revision, insert.links, changed.links);
        await writeKind(tx, INTERFACE, tenantId, revision, insert.interfaces, changed.interfaces);
        await writeKind(tx, ZONE, tenantId, revision, insert.zones, changed.zones);
        await writeKind(tx, FIELD_SCHEMA, tenantId, revision, insert.fieldSchemas, changed.fieldSchemas);
        await writeKind(tx, ADDRESS_BLOCK, tenantId, revision, insert.addressBlocks, changed.addressBlocks);
        await writeKind(tx, BLUEPRINT, tenantId, revision, insert.blueprints, changed.blueprints);
        await writeKind(tx, FOUNDATION, tenantId, revision, insert.foundations, changed.foundations);
        await writeKind(tx, STRUCTURE, tenantId, revision, insert.structures, changed.structures);
        await writeKind(tx, COMPLEX, tenantId, revision, insert.complexes, changed.complexes);
        await writeKind(tx, DEPENDENCY, tenantId, revision, insert.dependencies, changed.dependencies);
        await writeAddresses(tx, tenantId, insert.structures, changed.structures);
      } catch (error) {
        throw isUniqueViolation(error) ? outdated(error) : error;
      }
    },
    changeBuild(tx, target, id, version, change) {
      return update(tx, target, id, version, partialColumns(BUILT_ROWS[target], change as Partial<Foundation>));
    },
    changeBookkeeping(tx, foundationId, change) {
      return update(
        tx,
        "foundation",
        foundationId,
        null,
        partialColumns({ members: NOTE_MEMBERS }, change as Partial<Foundation>),
      );
    },
    readBuild: async (tx, target, id) => (await readRow(tx, target, id))?.row,
    async remove(tx, target, id, version) {
      const found = await readRow(tx, target, id);
      if (found === undefined || found.row.version !== version) return false;
      await removeRows(tx, found.tenantId, [{ table: target, id, name: found.row.name, version }]);
      return true;
    },
    removeRows,
    async createTenant(tx, tenant) {
      const columns = partialColumns({ members: TENANT_MEMBERS }, tenant);
      try {
        await tx
          .insertInto("tenant")
          .values({ ...(columns as unknown as Tables["tenant"]), id: tenant.id, revision: 1 })
          .execute();
      } catch (error) {
        throw isUniqueViolation(error) ? outdated(error) : error;
      }
      await audit.append(tx, [
        createdEntry({ chain: tenant.id, table: "tenant" }, await tenantRow(tx, tenant.id), "whole"),
      ]);
      const { name, variables } = tenant;
      await index.write(tx, tenant.id, [{ kind: "tenant", name, before: null, after: [variables] }]);
      await begin(tx, tenant.id);
    },
    async writeTenant(tx, tenant) {
      await begin(tx, tenant.id);
      const before = await tenantRow(tx, tenant.id);
      const changed = await tx
        .updateTable("tenant")
        .set(partialColumns({ members: TENANT_MEMBERS }, tenant))
        .where("id", "=", tenant.id)
        .where("version", "=", tenant.version - 1)
        .executeTakeFirst();
      if (changed.numUpdatedRows === 0n) throw outdated();
      const entry = changedEntry({ chain: tenant.id, table: "tenant" }, before, await tenantRow(tx, tenant.id));
      if (entry !== undefined) await audit.append(tx, [entry]);
      const { name, variables } = tenant;
      await index.write(tx, tenant.id, [
        { kind: "tenant", name, before: [parsedObject(String(before["variables"]))], after: [variables] },
      ]);
    },
    async removeUnused(tx, tenantId) {
      const leaving = await Promise.all(
        RECORD_TABLES.map((table) =>
          tx
            .selectFrom(table)
            .select("name")
            .where("tenant_id", "=", tenantId)
            .where("wanted", "=", "absent")
            .execute(),
        ),
      );
      if (leaving.every((rows) => rows.length === 0)) return 0;
      const unused = unusedRecords(await reader.read(tenantId, tx));
      if (unused.length === 0) return 0;
      await removeRows(tx, tenantId, unused);
      return unused.length;
    },
  };
}

function parsedObject(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

/** As many as one statement takes well. */
function* inParts<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += 500) yield items.slice(start, start + 500);
}

/** Counts the tenant's inventory on. Writers of one tenant wait here for each other, so that revisions are committed in their order. */
async function nextRevision(tx: Transaction, tenantId: Id): Promise<number> {
  const row = await tx
    .updateTable("tenant")
    .set({ revision: sql<number>`revision + 1` })
    .where("id", "=", tenantId)
    .returning("revision")
    .executeTakeFirstOrThrow();
  return row.revision;
}

function outdated(cause?: unknown): GantryError {
  return new GantryError(
    INVENTORY_OUTDATED,
    "the inventory was changed meanwhile",
    cause === undefined ? {} : { cause },
  );
}
