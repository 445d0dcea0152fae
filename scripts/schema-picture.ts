import { sql } from "kysely";
import { ROOMS } from "../lint/layout.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { type Database, type Migration, migrate, openDatabase } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { MIGRATIONS } from "../src/server/migrations.ts";

/** Pictures of the tables (Mermaid's entity relationships), from the migrations: they are run, and the database is asked. */

/** What every row of the inventory has: said once in the text, not in every box. */
const BOOKKEEPING: readonly string[] = [
  "labels",
  "assets",
  "fields",
  "managed_by",
  "applied",
  "wanted",
  "version",
  "revision",
  "created_at",
  "updated_at",
];

/** Columns that refer to a table which is called otherwise. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  agent_id: "executor",
  blob_id: "content_blob",
  block: "address_block",
  "complex.members": "structure",
  groups: "inventory_group",
  placed_on: "structure",
  program_hash: "job_program",
  script_structure: "structure",
};

/** Columns that refer to rows of their own table. */
const OWN: readonly string[] = ["parent", "parents", "includes", "depends_on"];

/** Columns that are called like a table, and are none of it. */
const NO_REFERENCES: readonly string[] = [
  "job.target_id",
  "event.subject_id",
  "interface.members",
  "dependency.link",
  "blueprint.interfaces",
];

interface Column {
  readonly name: string;
  readonly type: string;
  readonly key: boolean;
  readonly required: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

interface Relation {
  readonly column: Column;
  readonly to: string;
  /** By an id, by a name, or by a list of names. */
  readonly by: "id" | "name" | "names";
}

/** A heading and a picture for every room that keeps something. */
export async function schemaPictures(): Promise<string> {
  const database = await openDatabase(":memory:", { clock: systemClock, log: silentLogger() });
  try {
    const roomOf = await tablesByRoom(database);
    const tables = new Map<string, Table>();
    for (const name of roomOf.keys()) tables.set(name, { name, columns: await columnsOf(database, name) });
    const rooms = ROOMS.filter((room) => [...roomOf.values()].includes(room));
    return rooms
      .map((room) => {
        const own = [...tables.values()].filter((table) => roomOf.get(table.name) === room);
        return `### ${room}\n\n${picture(own, new Set(tables.keys()))}`;
      })
      .join("\n\n");
  } finally {
    await database.close();
  }
}

/** The room of each table, in the order of the migrations: the first two digits of a migration's name are the room's place. */
async function tablesByRoom(database: Database): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const done: Migration[] = [];
  for (const migration of MIGRATIONS) {
    done.push(migration);
    await migrate(database, done, systemClock);
    const room = ROOMS[Number(migration.name.slice(0, 2))] ?? "platform";
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name <> 'migration' order by rowid
    `.execute(database.kysely);
    const present = new Set(rows.map(({ name }) => name));
    for (const name of found.keys()) if (!present.has(name)) found.delete(name);
    for (const name of present) if (!found.has(name)) found.set(name, room);
  }
  return found;
}

async function columnsOf(database: Database, table: string): Promise<readonly Column[]> {
  const { rows } = await sql<{ name: string; type: string; notnull: number; pk: number }>`
    select name, type, "notnull", pk from pragma_table_info(${table})
  `.execute(database.kysely);
  return rows.map((row) => ({
    name: row.name,
    type: row.type.toLowerCase(),
    key: row.pk > 0,
    required: row.notnull > 0,
  }));
}

function picture(tables: readonly Table[], known: ReadonlySet<string>): string {
  const lines = tables.flatMap((table) => {
    const relations = relationsOf(table, known);
    const shown = table.columns.filter(({ name }) => !BOOKKEEPING.includes(name));
    return [
      `  ${table.name} {`,
      ...shown.map(
        (column) =>
          `    ${columnText(
            column,
            relations.find((one) => one.column === column),
          )}`,
      ),
      "  }",
      ...relations.map((relation) => `  ${relationText(table, relation)}`),
    ];
  });
  return ["```mermaid", "erDiagram", ...lines, "```"].join("\n");
}

function columnText({ name, type, key, required }: Column, relation: Relation | undefined): string {
  const keys = [...(key ? ["PK"] : []), ...(relation === undefined && name !== "tenant_id" ? [] : ["FK"])];
  return `${type} ${name}${keys.length === 0 ? "" : ` ${keys.join(", ")}`}${required || key ? "" : ' "may be null"'}`;
}

/** Everything belongs to a tenant: a line from each box to one box would hide the others. */
function relationsOf(table: Table, known: ReadonlySet<string>): readonly Relation[] {
  return table.columns.flatMap((column): readonly Relation[] => {
    const { name } = column;
    if (name === "tenant_id" || NO_REFERENCES.includes(`${table.name}.${name}`)) return [];
    if (OWN.includes(name)) return [{ column, to: table.name, by: name === "parent" ? "name" : "names" }];
    const base = name.replace(/_id$/, "");
    const named = OTHER_NAMES[`${table.name}.${name}`] ?? OTHER_NAMES[name];
    const to = [named, base, base.replace(/s$/, "")].find((one) => one !== undefined && known.has(one));
    if (to === undefined) return [];
    if (/_(id|hash)$/.test(name)) return [{ column, to, by: "id" }];
    return [{ column, to, by: name.endsWith("s") ? "names" : "name" }];
  });
}

function relationText(table: Table, { column, to, by }: Relation): string {
  const many = by === "names" ? "}o--o{" : column.required ? "}o--||" : "}o--o|";
  return `${table.name} ${many} ${to} : "${column.name}"`;
}
