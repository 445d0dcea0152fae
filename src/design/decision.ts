import type { Managed } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import { appliedOf, compareFields, EQUAL, nextApplied, type Comparison } from "./fields.ts";
import type { Kind } from "./members.ts";
import type { Action, FieldChange, TargetKind } from "./model.ts";

/**
 * What applying does to a row of something built, weakest first:
 * - none, record: nothing is run
 * - update: brought up to date
 * - rebuild: destroyed and created
 * - recreate: created; what was there is gone already
 * - retry: what failed is done again
 */
export type Effect = "none" | "record" | "update" | "rebuild" | "recreate" | "retry";

/** What becomes of one row. */
export interface Decision<Data> {
  readonly name: string;
  /** What the row will say. Null: it is to go. */
  readonly data: Data | null;
  readonly applied: JsonObject;
  readonly effect: Effect;
}

/** - new, returning: to be made; kept: there; gone: no longer in the design; foreign: somebody else's; leaving: on its way out. */
type Standing = "new" | "returning" | "kept" | "gone" | "foreign" | "leaving";

/** A thing of the design beside the row of its name. */
export interface Compared<Data, Row> {
  readonly name: string;
  readonly standing: Standing;
  readonly wanted: Data | undefined;
  readonly row: Row | undefined;
  readonly comparison: Comparison;
  readonly applied: JsonObject;
}

/** Puts the things of a design beside the rows of the inventory: first those of the design in its order, then rows it no longer names. */
export function compareKind<Data, Row extends Data & Managed>(
  owner: string,
  wanted: ReadonlyMap<string, Data>,
  rows: ReadonlyMap<string, Row>,
  kind: Kind<Data>,
): readonly Compared<Data, Row>[] {
  const found: Compared<Data, Row>[] = [];
  for (const [name, data] of wanted) {
    const row = rows.get(name);
    const fields = kind.fields(data);
    const base = { name, wanted: data, row };
    if (row === undefined) found.push({ ...base, standing: "new", comparison: EQUAL, applied: appliedOf(fields) });
    else if (row.managedBy !== owner)
      found.push({ ...base, standing: "foreign", comparison: EQUAL, applied: row.applied });
    else if (row.wanted === "absent")
      found.push({ ...base, standing: "returning", comparison: EQUAL, applied: appliedOf(fields) });
    else {
      const comparison = compareFields(fields, row.applied, kind.fields(row), openOf(kind, row));
      found.push({
        ...base,
        standing: "kept",
        comparison,
        applied: nextApplied(fields, row.applied, comparison.conflicts),
      });
    }
  }
  for (const [name, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (wanted.has(name) || row.managedBy !== owner) continue;
    const standing = row.wanted === "absent" ? "leaving" : "gone";
    found.push({ name, wanted: undefined, row, standing, comparison: EQUAL, applied: row.applied });
  }
  return found;
}

/** What the scripts of a row set themselves is no edit of somebody else. */
function openOf<Data>(kind: Kind<Data>, row: object): Kind<Data>["isOpen"] {
  const { build } = row as { readonly build?: { readonly config?: readonly string[] } | null };
  const own = new Set(build?.config?.map((name) => `variables.${name}`));
  return (path) => own.has(path) || kind.isOpen(path);
}

/** Actions that every kind has alike: conflicts, and rows that come or go. */
export function commonActions(target: TargetKind, one: Compared<unknown, Managed>): readonly Action[] {
  const { name, standing, comparison, row } = one;
  if (standing === "foreign") {
    return [
      {
        kind: "conflict",
        target,
        name,
        reason: `is managed by ${managerText(row?.managedBy ?? "")}; it stays as it is`,
        fields: [],
      },
    ];
  }
  if (standing === "gone") return [{ kind: "destroy", target, name, reason: "no longer in the design", fields: [] }];
  if (comparison.conflicts.length === 0) return [];
  return [
    {
      kind: "conflict",
      target,
      name,
      reason: "changed by somebody else; it stays as it is",
      fields: comparison.conflicts,
    },
  ];
}

/** `a person`, `design other`. */
function managerText(managedBy: string): string {
  const [kind, ...name] = managedBy.split(":");
  return name.length === 0 ? `a ${kind}` : `${kind} ${name.join(":")}`;
}

/** `description and variables.greeting changed`. */
export function changedText(fields: readonly FieldChange[]): string {
  return fields.length === 0 ? "" : `${listText(fields.map(({ path }) => path))} changed`;
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listText(names: readonly string[]): string {
  if (names.length <= 1) return names.join("");
  if (names.length <= 3) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
}

/** The thing as it will be: as the design says, but for what others keep in its row. */
export function mergedWith<Data, Row extends Data & Managed>(
  { wanted, row, standing, comparison }: Compared<Data, Row>,
  kind: Kind<Data>,
): Data | undefined {
  if (wanted === undefined || standing === "foreign") return undefined;
  if (row === undefined || standing !== "kept") return wanted;
  const kept = [...comparison.conflicts.map(({ path }) => path), ...comparison.others];
  return kind.merge(wanted, row, new Set(kept));
}
