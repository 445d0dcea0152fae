import { createHash } from "node:crypto";
import type { Edit, Managed, Snapshot } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Problem } from "../kernel/errors.ts";
import { problem } from "../kernel/errors.ts";
import { IMPORT_LEFT_OUT } from "./errors.ts";
import { compareRow, fieldsOf, nextApplied, withFields } from "./import-fields.ts";
import {
  IMPORT_KINDS,
  type ImportChange,
  type ImportDocument,
  type ImportKind,
  type ImportPlan,
  type ImportRow,
} from "./import-model.ts";
import { placeAddresses } from "./import-place.ts";
import { createUsers } from "./import-users.ts";

/** The difference between a source and the inventory, and the edits that make it so. Pure. */

export interface PlannedImport {
  readonly plan: ImportPlan;
  readonly edits: readonly Edit[];
  readonly warnings: readonly Problem[];
}

type Row = Managed & { readonly name: string };

/** Who manages the rows of an import. */
export function importOwner(name: string): string {
  return `import:${name}`;
}

const ROWS = {
  site: "sites",
  network: "networks",
  link: "links",
  address_block: "addressBlocks",
  group: "groups",
  blueprint: "blueprints",
  structure: "structures",
  interface: "interfaces",
} as const satisfies Record<ImportKind, keyof Snapshot>;

export function rowsOf(snapshot: Snapshot, kind: ImportKind): ReadonlyMap<string, Row> {
  return snapshot[ROWS[kind]];
}

/** So many rows are compared before others have their turn: a few milliseconds. */
const STRIDE = 500;

/**
 * Compares a document with what is. What others manage or changed is a conflict and stays; what the source no longer has goes. Yields now
 * and then, so that who runs it may let others have their turn.
 */
export function* planImport(
  name: string,
  document: ImportDocument,
  snapshot: Snapshot,
): Generator<undefined, PlannedImport> {
  const owner = importOwner(name);
  const warnings: Problem[] = [...document.warnings];
  const named = new Set(document.rows.filter(({ kind }) => kind === "structure").map((row) => row.name));
  yield;
  const rows = placeAddresses({
    rows: document.rows,
    blocks: snapshot.addressBlocks,
    sites: snapshot.sites,
    others: [...snapshot.structures.values()].filter((row) => row.managedBy !== owner && !named.has(row.name)),
    warn: (message) => warnings.push(problem(IMPORT_LEFT_OUT, message)),
  });
  const byKind = new Map<ImportKind, ImportRow[]>(IMPORT_KINDS.map((kind) => [kind, []]));
  for (const row of rows) byKind.get(row.kind)?.push(row);

  const changes: ImportChange[] = [];
  const edits: Edit[] = [];
  const hash = createHash("sha256").update(name);
  let unchanged = 0;
  let count = 0;
  for (const kind of IMPORT_KINDS) {
    const there = rowsOf(snapshot, kind);
    for (const row of byKind.get(kind) ?? []) {
      const decided = decide(row, there.get(row.name), owner);
      for (const change of decided.changes) changes.push(change);
      if (decided.edit !== undefined) {
        edits.push(decided.edit);
        hash.update(JSON.stringify({ ...decided.edit, applied: undefined }));
      } else if (decided.changes.length === 0 && row.onlyNamed !== true) unchanged += 1;
      count += 1;
      if (count % STRIDE === 0) yield;
    }
  }
  const wanted = new Map(IMPORT_KINDS.map((kind) => [kind, new Set((byKind.get(kind) ?? []).map((row) => row.name))]));
  const gone = IMPORT_KINDS.flatMap((kind) =>
    [...rowsOf(snapshot, kind).values()]
      .filter((row) => row.managedBy === owner && row.wanted === "built" && wanted.get(kind)?.has(row.name) !== true)
      .map((row) => ({ kind, row })),
  );
  yield;
  // What is in something goes first.
  for (const { change, edit } of removals(gone.reverse(), snapshot, edits)) {
    changes.push(change);
    if (edit === undefined) continue;
    edits.push(edit);
    hash.update(JSON.stringify(edit));
  }
  return { plan: { name, changes, unchanged, fingerprint: hash.digest("hex") }, edits, warnings };
}

interface Decided {
  readonly changes: readonly ImportChange[];
  readonly edit?: Edit;
}

const NOTHING: Decided = { changes: [] };

function decide(said: ImportRow, row: Row | undefined, owner: string): Decided {
  const { kind, name, data, onlyNamed } = said;
  const base = { kind, name, fields: [] };
  const fields = fieldsOf(data);
  if (row === undefined) {
    return {
      changes: [{ ...base, action: "create", reason: "new" }],
      edit: { action: "create", kind, data: { name, ...data }, applied: Object.fromEntries(fields) },
    };
  }
  if (onlyNamed === true) return NOTHING;
  if (row.managedBy !== owner)
    return {
      changes: [
        { ...base, action: "conflict", reason: `is managed by ${managerText(row.managedBy)}; it stays as it is` },
      ],
    };
  if (row.wanted === "absent")
    return { changes: [{ ...base, action: "conflict", reason: "is being taken down; import again when it is gone" }] };
  const { changes, conflicts, adopted } = compareRow(fields, row.applied, row as unknown as JsonObject);
  const found: ImportChange[] = [];
  if (conflicts.length > 0)
    found.push({
      ...base,
      action: "conflict",
      reason: "changed by somebody else; it stays as it is",
      fields: conflicts,
    });
  if (changes.length === 0 && adopted.length === 0) return { changes: found };
  const reason =
    changes.length > 0
      ? `${listText(changes.map(({ path }) => path))} changed`
      : "the source now says what somebody else wrote";
  found.push({ ...base, action: "change", reason, fields: [...changes, ...adopted] });
  return {
    changes: found,
    edit: {
      action: "replace",
      kind,
      name,
      version: row.version,
      data: withFields(dataOf(row), kind, changes),
      applied: nextApplied(fields, row.applied, conflicts),
    },
  };
}

/** Members of a row that are bookkeeping, and so are not written by an edit. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  "id",
  "managedBy",
  "applied",
  "wanted",
  "version",
  "createdAt",
  "updatedAt",
  "state",
  "stale",
  "rebuild",
  "jobId",
  "build",
  "failure",
]);

function dataOf(row: Row): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([member]) => !BOOKKEEPING.has(member)) as [string, Json][]);
}

interface Removal {
  readonly change: ImportChange;
  readonly edit?: Edit;
}

/** What the source no longer has. It stays, as a conflict, where somebody changed it, built it or needs it. */
function removals(
  gone: readonly { readonly kind: ImportKind; readonly row: Row }[],
  snapshot: Snapshot,
  edits: readonly Edit[],
): readonly Removal[] {
  if (gone.length === 0) return [];
  const staying = new Map<string, string>();
  for (const { kind, row } of gone) {
    const why = whyItStays(row);
    if (why !== undefined) staying.set(`${kind} ${row.name}`, why);
  }
  const users = createUsers(snapshot, edits);
  // What stays keeps what it needs.
  for (let before = -1; before !== staying.size;) {
    before = staying.size;
    const going = gone.filter(({ kind, row }) => !staying.has(`${kind} ${row.name}`));
    for (const [thing, user] of users(going)) staying.set(thing, `${user} needs it; it stays`);
  }
  return gone.map(({ kind, row }) => {
    const { name } = row;
    const why = staying.get(`${kind} ${name}`);
    if (why !== undefined)
      return { change: { action: "conflict", kind, name, reason: `no longer in the source, but ${why}`, fields: [] } };
    return {
      change: { action: "remove", kind, name, reason: "no longer in the source", fields: [] },
      edit: { action: "delete", kind, name, version: row.version },
    };
  });
}

function whyItStays(row: Row): string | undefined {
  const members = row as unknown as JsonObject;
  if (typeof members["foundation"] === "string" && typeof members["state"] === "string")
    return "it stands on a foundation; it stays";
  const { applied } = row;
  const { conflicts, adopted } = compareRow(new Map(Object.entries(applied)), applied, members);
  // A variable, a label, a group that somebody added; of what was only named, anything.
  const added = [...fieldsOf(dataOf(row)).keys()].some((path) => path.includes(".") && !Object.hasOwn(applied, path));
  const named = Object.keys(applied).length === 0 && row.version > 1;
  return conflicts.length + adopted.length > 0 || added || named ? "changed by somebody else; it stays" : undefined;
}

/** `a person`, `import other`. */
function managerText(managedBy: string): string {
  const [kind, ...name] = managedBy.split(":");
  return name.length === 0 ? `a ${kind}` : `${kind} ${name.join(":")}`;
}

/** `a`, `a and b`, `a, b and 3 more`. */
function listText(names: readonly string[]): string {
  if (names.length <= 1) return names.join("");
  if (names.length <= 3) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
}
