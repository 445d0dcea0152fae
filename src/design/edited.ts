import type { AnyRow, OwnedKind } from "../inventory/index.ts";
import { compareFields, type Fields } from "./fields.ts";
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
  SITE,
  STRUCTURE,
  ZONE,
} from "./kinds.ts";

const KINDS = {
  field_schema: FIELD_SCHEMA,
  zone: ZONE,
  site: SITE,
  group: GROUP,
  network: NETWORK,
  link: LINK,
  address_block: ADDRESS_BLOCK,
  blueprint: BLUEPRINT,
  complex: COMPLEX,
  foundation: FOUNDATION,
  dependency: DEPENDENCY,
  structure: STRUCTURE,
  interface: INTERFACE,
} as const satisfies Readonly<Record<OwnedKind, unknown>>;

interface Comparable {
  fields(row: object): Fields;
  isOpen(path: string): boolean;
}

/** Where a row is not as its design last wrote it: `variables.greeting`. Of a row that no design manages: nowhere. */
export function editedPaths(kind: OwnedKind, row: AnyRow): readonly string[] {
  if (!row.managedBy.startsWith("design:")) return [];
  const { fields, isOpen } = KINDS[kind] as unknown as Comparable;
  const written = new Map(Object.entries(row.applied));
  return compareFields(written, row.applied, fields(row), isOpen)
    .conflicts.map(({ path }) => path)
    .toSorted();
}
