import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { OWNED_RULES, type OwnedKind } from "./kinds.ts";
import type { Interface, Managed, Snapshot } from "./model.ts";
import type { TableName } from "./rows.ts";

export interface UnusedRecord {
  readonly table: TableName;
  readonly id: Id;
  readonly name: string;
  readonly version: number;
}

type Row = Managed & { readonly name: string };

/**
 * What is to go and nothing refers to: neither what stays, nor what is still there and will be destroyed as it was built. Foundations and
 * structures go by themselves, once they are taken down.
 */
export function unusedRecords(snapshot: Snapshot): readonly UnusedRecord[] {
  const used = new Map<OwnedKind, Set<string>>(OWNED_RULES.map(({ kind }) => [kind, new Set()]));
  const open: { readonly kind: OwnedKind; readonly row: Row }[] = [];

  function keep(kind: OwnedKind, name: string): void {
    const names = used.get(kind);
    if (names === undefined || names.has(name)) return;
    names.add(name);
    const rows = snapshot[rowsOf(kind)] as ReadonlyMap<string, Row>;
    const row = rows.get(name);
    if (row !== undefined) open.push({ kind, row });
  }

  for (const { kind, rows, built } of OWNED_RULES) {
    for (const row of (snapshot[rows] as ReadonlyMap<string, Row>).values())
      if (built || row.wanted === "built" || (kind === "interface" && isOfLeaving(snapshot, row as Interface)))
        keep(kind, row.name);
  }
  for (const { site, blueprint } of recordsOf(snapshot)) {
    keep("site", site);
    keep("blueprint", blueprint);
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const reference of RULES.get(next.kind)?.references ?? []) {
      // Such a name may be of nothing.
      if (reference.onRemoval === "keep") continue;
      for (const name of reference.names(next.row as unknown as JsonObject)) keep(reference.to, name);
    }
  }
  return [...OWNED_RULES]
    .reverse()
    .flatMap(({ kind, table, rows, built }) =>
      built
        ? []
        : [...(snapshot[rows] as ReadonlyMap<string, Row>).values()]
            .filter(({ wanted, name }) => wanted === "absent" && used.get(kind)?.has(name) === false)
            .map(({ id, name, version }) => ({ table, id, name, version })),
    );
}

const RULES = new Map(OWNED_RULES.map((rule) => [rule.kind, rule]));

function rowsOf(kind: OwnedKind): keyof Snapshot {
  return RULES.get(kind)?.rows ?? "sites";
}

/** What is taken down may be reached by its interfaces until it is gone. */
function isOfLeaving(snapshot: Snapshot, { structure, foundation }: Interface): boolean {
  const owner = structure === null ? snapshot.foundations.get(foundation ?? "") : snapshot.structures.get(structure);
  return owner?.wanted === "absent";
}

/** What things were built with may be another site and blueprint than they are to have. */
function* recordsOf(snapshot: Snapshot): Generator<{ readonly site: string; readonly blueprint: string }> {
  for (const { build } of snapshot.foundations.values()) if (build !== null) yield build;
  for (const { build } of snapshot.structures.values()) if (build !== null) yield build;
  for (const { build } of snapshot.dependencies.values()) if (build !== null) yield build;
}
