import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import type { Postings } from "./search.ts";
import { LAYERS_BELOW, OWNER_KINDS, type OwnerKind } from "./variable-index-table.ts";
import { termsOf } from "./variable-terms.ts";

/** Keeps the terms of definitions beside them, in the same transaction. */
export interface VariableIndex {
  /** What somebody defines from now on. `before`: what is stored of it. */
  write(tx: Transaction, tenantId: Id, definitions: readonly Definition[]): Promise<void>;
  postings: Postings;
}

export interface Definition {
  readonly kind: OwnerKind;
  readonly name: string;
  /** What it defines, in one or several layers. Null: nothing yet. */
  readonly before: readonly JsonObject[] | null;
  /** Null: it goes. */
  readonly after: readonly JsonObject[] | null;
}

/** Definitions whose terms are written together: sorted, so that the database finds their places one beside the other. */
const AT_ONCE = 10_000;
const MOST_IN_STATEMENT = 500;

export function createVariableIndex(database: Database): VariableIndex {
  async function writePart(tx: Transaction, tenantId: Id, definitions: readonly Definition[]): Promise<void> {
    const added: [number, number, string][] = [];
    for (const { kind, name, before, after } of definitions) {
      const owner = kind === "tenant" ? tenantId : name;
      const ownerKind = OWNER_KINDS.indexOf(kind);
      const was = new Set((before ?? []).flatMap((layer) => termsOf(tenantId, layer)));
      const is = new Set((after ?? []).flatMap((layer) => termsOf(tenantId, layer)));
      for (const term of is) if (!was.has(term)) added.push([term, ownerKind, owner]);
      const gone = [...was].filter((term) => !is.has(term));
      for (let start = 0; start < gone.length; start += MOST_IN_STATEMENT) {
        await tx
          .deleteFrom("variable_index")
          .where("owner_kind", "=", ownerKind)
          .where("owner", "=", owner)
          .where("term", "in", gone.slice(start, start + MOST_IN_STATEMENT))
          .execute();
      }
    }
    added.sort((a, b) => a[0] - b[0]);
    if (added.length === 0) return;
    await database.bulkInsert(tx, {
      table: "variable_index",
      columns: ["term", "owner_kind", "owner"],
      rows: added,
      onConflict: { columns: ["term", "owner_kind", "owner"], do: "nothing" },
    });
  }

  return {
    async write(tx, tenantId, definitions) {
      for (let start = 0; start < definitions.length; start += AT_ONCE)
        await writePart(tx, tenantId, definitions.slice(start, start + AT_ONCE));
    },
    postings: {
      async shared(terms, before) {
        const rows = await database.kysely
          .selectFrom("variable_index")
          .select(["owner_kind", "owner"])
          .distinct()
          .where("term", "in", [...terms])
          .where(
            "owner_kind",
            "in",
            LAYERS_BELOW[before].map((kind) => OWNER_KINDS.indexOf(kind)),
          )
          .execute();
        return rows.map((row) => ({ kind: OWNER_KINDS[row.owner_kind] as OwnerKind, name: row.owner }));
      },
      async own(kind, term, after, limit) {
        let query = database.kysely
          .selectFrom("variable_index")
          .select("owner")
          .where("term", "=", term)
          .where("owner_kind", "=", OWNER_KINDS.indexOf(kind));
        if (after !== null) query = query.where("owner", ">", after);
        return (await query.orderBy("owner").limit(limit).execute()).map(({ owner }) => owner);
      },
    },
  };
}

type VariablesTable = "site" | "inventory_group" | "blueprint" | "foundation" | "structure" | "complex";

/**
 * Where the definitions of a kind stand. Of a foundation only the attributes flow to what stands on it; its variables are there to find the
 * foundation itself.
 */
const DEFINITIONS: Readonly<
  Record<VariablesTable, { readonly kind: OwnerKind; readonly members: readonly ("variables" | "attributes")[] }>
> = {
  site: { kind: "site", members: ["variables"] },
  inventory_group: { kind: "group", members: ["variables"] },
  blueprint: { kind: "blueprint", members: ["variables"] },
  foundation: { kind: "foundation", members: ["attributes", "variables"] },
  structure: { kind: "structure", members: ["variables"] },
  complex: { kind: "complex", members: ["attributes"] },
};

export function definesVariables(table: string): table is VariablesTable {
  return Object.hasOwn(DEFINITIONS, table);
}

/** What rows define as they are stored, by id: the text of a list of layers. */
export async function storedDefinitions(
  queries: Queries,
  table: VariablesTable,
  ids: readonly Id[],
): Promise<ReadonlyMap<Id, { readonly name: string; readonly text: string }>> {
  const { members } = DEFINITIONS[table];
  const found = new Map<Id, { readonly name: string; readonly text: string }>();
  for (let start = 0; start < ids.length; start += MOST_IN_STATEMENT) {
    const rows = await queries
      .selectFrom(table as "foundation")
      .select(["id", "name", ...(members as readonly "attributes"[])])
      .where("id", "in", ids.slice(start, start + MOST_IN_STATEMENT))
      .execute();
    for (const row of rows) {
      const texts = members.map((member) => (row as unknown as Record<string, string>)[member] ?? "{}");
      found.set(row.id, { name: row.name, text: `[${texts.join(",")}]` });
    }
  }
  return found;
}

/** How rows that are written differ in what they define from what is stored. */
export function changedDefinitions(
  table: VariablesTable,
  rows: readonly { readonly id: Id; readonly name: string }[],
  stored: ReadonlyMap<Id, { readonly name: string; readonly text: string }>,
): readonly Definition[] {
  const { kind, members } = DEFINITIONS[table];
  const changes: Definition[] = [];
  for (const row of rows) {
    const after = members.map((member) => (row as unknown as Record<string, JsonObject>)[member] as JsonObject);
    const before = stored.get(row.id);
    if (before === undefined) changes.push({ kind, name: row.name, before: null, after });
    else if (before.name !== row.name) {
      changes.push({ kind, name: before.name, before: parse(before.text), after: null });
      changes.push({ kind, name: row.name, before: null, after });
    } else if (before.text !== JSON.stringify(after))
      changes.push({ kind, name: row.name, before: parse(before.text), after });
  }
  return changes;
}

export function removedDefinitions(
  table: VariablesTable,
  stored: ReadonlyMap<Id, { readonly name: string; readonly text: string }>,
): readonly Definition[] {
  const { kind } = DEFINITIONS[table];
  return [...stored.values()].map(({ name, text }) => ({ kind, name, before: parse(text), after: null }));
}

function parse(text: string): readonly JsonObject[] {
  return JSON.parse(text) as readonly JsonObject[];
}
