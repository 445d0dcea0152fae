import type { Place } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { IMPORT_CIRCLE, IMPORT_DUPLICATE, IMPORT_SYNTAX } from "./errors.ts";
import { parseCsv, type CsvCell } from "./csv-text.ts";
import { nearestText } from "./import-ansible.ts";
import type { ImportDocument, ImportRequest } from "./import-model.ts";
import { findCircle, hostnameOf, Rows } from "./import-rows.ts";
import { DEEPEST, isShallow, refused } from "./import-text.ts";

/**
 * Structures as a table: a row each, the first row names the columns. An empty cell says nothing. Values of variables and custom fields
 * are JSON where they are JSON (`3`, `true`, `["a"]`), else text. Pure.
 */

const PLAIN_COLUMNS = [
  "name",
  "hostname",
  "site",
  "role",
  "parent",
  "group",
  "groups",
  "address",
  "description",
] as const;
const PREFIXES = ["label.", "var.", "field.", "asset."] as const;

type Row = ReadonlyMap<string, CsvCell>;

export function readCsv(request: ImportRequest): ImportDocument {
  const rows = new Rows();
  const places = new Map<string, Place>();
  for (const { path, text } of request.files) {
    for (const row of tableOf(rows, path, text)) readRow(request, rows, places, path, row);
  }
  const [file = { path: "the import" }] = request.files;
  const structures = rows.of("structure");
  const parents = new Map(structures.map(({ name, data }) => [name, data["parent"]]));
  const circle = findCircle(parents.keys(), (name) => {
    const parent = parents.get(name);
    return typeof parent === "string" ? [parent] : [];
  });
  if (circle !== undefined)
    rows.wrong(
      `structures stand on each other: ${circle.join(" → ")}`,
      places.get(circle[0] ?? "") ?? { file: file.path },
      IMPORT_CIRCLE,
    );
  return rows.document(file.path);
}

/** Rows by column. What is wrong with the table itself is told. */
function tableOf(rows: Rows, file: string, text: string): readonly Row[] {
  const [header, ...lines] = parseCsv(text, file);
  if (header === undefined)
    throw refused(IMPORT_SYNTAX, "there is no first row that names the columns", { file, line: 1, column: 1 });
  const columns = header.map((cell) => ({ ...cell, text: cell.text.trim() }));
  const seen = new Set<string>();
  for (const column of columns) {
    const where = { file, line: column.line, column: column.column };
    const known = [...PLAIN_COLUMNS, ...PREFIXES];
    const prefix = PREFIXES.find((one) => column.text.startsWith(one));
    if (seen.has(column.text)) rows.wrong(`the column '${column.text}' is there twice`, where, IMPORT_DUPLICATE);
    else if (prefix === undefined ? !PLAIN_COLUMNS.some((name) => name === column.text) : column.text === prefix)
      rows.wrong(
        `there is no column '${column.text.slice(0, 60)}'${nearestText(column.text, known)}`,
        where,
        undefined,
        COLUMNS_HINT,
      );
    seen.add(column.text);
  }
  if (!seen.has("name")) rows.wrong("there is no column 'name'", { file, line: 1, column: 1 }, undefined, COLUMNS_HINT);
  rows.check(file);
  return lines.flatMap((cells) => {
    if (cells.length !== columns.length) {
      const last = cells.at(-1);
      const where = { file, line: cells[0]?.line ?? 1, column: last?.column ?? 1 };
      rows.wrong(`the row has ${cells.length} cells, and there are ${columns.length} columns`, where);
      return [];
    }
    return [new Map(columns.map(({ text: name }, index) => [name, cells[index]!]))];
  });
}

const COLUMNS_HINT =
  "Columns are name, hostname, site, role, parent, groups, address, description, label.NAME, var.NAME, field.NAME and asset.SYSTEM.";

function readRow(request: ImportRequest, rows: Rows, places: Map<string, Place>, file: string, row: Row): void {
  const textIn = (column: string): string | undefined => row.get(column)?.text.trim() || undefined;
  const placeOf = (column: string): Place => {
    const cell = row.get(column) ?? row.get("name");
    return { file, line: cell?.line ?? 1, column: cell?.column ?? 1 };
  };
  const name = textIn("name");
  if (name === undefined) return rows.wrong("the row has no name", placeOf("name"));
  if (/[\s/]/.test(name)) return rows.wrong(`'${name.slice(0, 60)}' is no name: it has blanks or a /`, placeOf("name"));
  const before = places.get(name);
  if (before !== undefined)
    return rows.wrong(
      `'${name}' is there already, in line ${before.line} of ${before.file}`,
      placeOf("name"),
      IMPORT_DUPLICATE,
    );
  places.set(name, placeOf("name"));
  const parent = textIn("parent");
  if (parent === name) rows.wrong(`'${name}' cannot be its own parent`, placeOf("parent"), IMPORT_CIRCLE);

  const site = textIn("site") ?? request.site;
  rows.name("site", site);
  const groups = [...new Set([...listIn(row, "groups"), ...listIn(row, "group")])].sort();
  for (const group of groups) rows.name("group", group);
  const address = textIn("address");
  const data: Record<string, Json> = {
    hostname: textIn("hostname") ?? hostnameOf(name),
    site,
    groups,
    variables: rows.variables(`'${name}'`, nested(rows, row, "var.", placeOf), () => placeOf("name")),
  };
  for (const column of ["role", "parent", "description"]) {
    const text = textIn(column);
    if (text !== undefined && text !== name) data[column] = text;
  }
  if (address !== undefined) data["managementAddress"] = address;
  const labels = Object.fromEntries(each(row, "label.").map(([label, { text }]) => [label, text.trim()]));
  const assets = each(row, "asset.").map(([system, { text }]) => ({ system, id: text.trim(), url: null }));
  const fields = nested(rows, row, "field.", placeOf);
  rows.add({
    kind: "structure",
    name,
    data: {
      ...data,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(assets.length === 0 ? {} : { assets }),
      ...(Object.keys(fields).length === 0 ? {} : { fields }),
    },
    ...(address === undefined ? {} : { addresses: [{ address }] }),
  });
}

/** Names with blanks, commas or semicolons between. */
function listIn(row: Row, column: string): readonly string[] {
  return (row.get(column)?.text ?? "").split(/[\s,;]+/).filter((name) => name !== "");
}

/** Cells that say something in columns with a prefix, by what stands behind it. */
function each(row: Row, prefix: string): readonly (readonly [string, CsvCell])[] {
  return [...row]
    .filter(([column, { text }]) => column.startsWith(prefix) && text.trim() !== "")
    .map(([column, cell]) => [column.slice(prefix.length), cell] as const);
}

/** `var.a.b` is the member `b` of the map `a`. */
function nested(rows: Rows, row: Row, prefix: string, placeOf: (column: string) => Place): JsonObject {
  const values: Record<string, Json> = {};
  for (const [path, { text }] of each(row, prefix)) {
    const names = path.split(".");
    const value = valueOf(text.trim());
    if (names.length > DEEPEST || !isShallow(value, DEEPEST - names.length)) {
      rows.wrong(`the value is nested more than ${DEEPEST} levels deep`, placeOf(`${prefix}${path}`));
      continue;
    }
    if (!put(values, names, value))
      rows.wrong(`'${prefix}${path}' is inside of a value that is no map`, placeOf(`${prefix}${path}`));
  }
  return values;
}

function put(values: Record<string, Json>, names: readonly string[], value: Json): boolean {
  const [name = "", ...rest] = names;
  if (rest.length === 0) {
    Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
    return true;
  }
  const inside = Object.hasOwn(values, name) ? values[name] : {};
  if (!isJsonObject(inside)) return false;
  const copy: Record<string, Json> = { ...inside };
  if (!put(copy, rest, value)) return false;
  Object.defineProperty(values, name, { value: copy, enumerable: true, configurable: true, writable: true });
  return true;
}

/** JSON where the cell is JSON, else its text: `007` and `10.0.0.1` are texts. */
function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
