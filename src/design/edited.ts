import type { AnyRow, OwnedKind } from "../inventory/index.ts";
import { compareFields, type Fields } from "./fields.ts";
import { OWNED_KINDS } from "./kinds.ts";

interface Comparable {
  fields(row: object): Fields;
  isOpen(path: string): boolean;
}

/** Where a row is not as its design last wrote it: `variables.greeting`. Of a row that no design manages: nowhere. */
export function editedPaths(kind: OwnedKind, row: AnyRow): readonly string[] {
  if (!row.managedBy.startsWith("design:")) return [];
  const { fields, isOpen } = OWNED_KINDS[kind] as unknown as Comparable;
  const written = new Map(Object.entries(row.applied));
  return compareFields(written, row.applied, fields(row), isOpen)
    .conflicts.map(({ path }) => path)
    .toSorted();
}
