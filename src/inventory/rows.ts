import type { Json } from "../kernel/json.ts";
import type { ColumnValue } from "../platform/database/index.ts";
import { parsed, shared } from "./parsed.ts";
import type {
  AddressBlock,
  BlueprintRow,
  Complex,
  Dependency,
  FieldSchema,
  Foundation,
  Group,
  Interface,
  Link,
  Managed,
  Network,
  Site,
  Structure,
  Tenant,
  Zone,
} from "./model.ts";

/** Rows of the inventory as columns, and back. */

type ColumnKind = "plain" | "json" | "flag";

/** One kind of thing: its table, and how each member is kept. The columns have the members' names in snake case. */
export interface RowKind<Row extends Managed & { readonly name: string }> {
  readonly table: TableName;
  readonly members: Readonly<Record<Exclude<keyof Row & string, "id">, ColumnKind>>;
}

/** Tables whose rows belong to a tenant and are named. */
export type TableName =
  | "site"
  | "inventory_group"
  | "network"
  | "link"
  | "interface"
  | "zone"
  | "field_schema"
  | "address_block"
  | "blueprint"
  | "foundation"
  | "structure"
  | "complex"
  | "dependency";

const MANAGED = {
  name: "plain",
  managedBy: "plain",
  applied: "json",
  wanted: "plain",
  version: "plain",
  createdAt: "plain",
  updatedAt: "plain",
} as const;

const BUILDABLE = {
  state: "plain",
  stale: "flag",
  rebuild: "flag",
  jobId: "plain",
  build: "json",
  failure: "json",
} as const;

const DESCRIBED = { labels: "json", assets: "json", fields: "json" } as const;

/** The tenant's own row has no tenant above it, and stands in a table of its own. */
export const TENANT_MEMBERS: Readonly<Record<Exclude<keyof Tenant, "id">, ColumnKind>> = {
  ...MANAGED,
  ...DESCRIBED,
  description: "plain",
  variables: "json",
};

export const SITE: RowKind<Site> = {
  table: "site",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    kind: "plain",
    description: "plain",
    parent: "plain",
    variables: "json",
    zone: "plain",
    maxJobs: "plain",
  },
};

export const GROUP: RowKind<Group> = {
  table: "inventory_group",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    kind: "plain",
    description: "plain",
    parent: "plain",
    includes: "json",
    priority: "plain",
    variables: "json",
    configuration: "json",
  },
};

export const NETWORK: RowKind<Network> = {
  table: "network",
  members: { ...MANAGED, ...DESCRIBED, site: "plain", description: "plain", mtu: "plain", vlan: "plain" },
};

export const LINK: RowKind<Link> = {
  table: "link",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    site: "plain",
    description: "plain",
    mtu: "plain",
    speed: "plain",
    bonding: "json",
    trunking: "json",
    networks: "json",
  },
};

export const INTERFACE: RowKind<Interface> = {
  table: "interface",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    foundation: "plain",
    structure: "plain",
    device: "plain",
    type: "plain",
    mac: "plain",
    mtu: "plain",
    vlan: "plain",
    members: "json",
    network: "plain",
    link: "plain",
    linkName: "plain",
    provisioning: "flag",
    physicalLocation: "plain",
    parameters: "json",
  },
};

export const ZONE: RowKind<Zone> = {
  table: "zone",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    description: "plain",
    parent: "plain",
    contact: "plain",
    nameservers: "json",
    ttl: "plain",
    refresh: "plain",
    retry: "plain",
    expire: "plain",
    minimum: "plain",
    records: "json",
    views: "json",
  },
};

export const FIELD_SCHEMA: RowKind<FieldSchema> = {
  table: "field_schema",
  members: { ...MANAGED, ...DESCRIBED, schema: "json" },
};

export const ADDRESS_BLOCK: RowKind<AddressBlock> = {
  table: "address_block",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    site: "plain",
    subnet: "plain",
    gateway: "plain",
    reserved: "json",
    dynamic: "json",
    network: "plain",
    description: "plain",
  },
};

export const BLUEPRINT: RowKind<BlueprintRow> = {
  table: "blueprint",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    builds: "plain",
    description: "plain",
    parents: "json",
    variables: "json",
    scripts: "json",
    templates: "json",
    foundationTypes: "json",
    foundationBlueprints: "json",
    interfaces: "json",
    hardware: "json",
    maxJobs: "plain",
  },
};

export const FOUNDATION: RowKind<Foundation> = {
  table: "foundation",
  members: {
    ...MANAGED,
    ...BUILDABLE,
    ...DESCRIBED,
    site: "plain",
    type: "plain",
    blueprint: "plain",
    attributes: "json",
    variables: "json",
    complex: "plain",
    systemUuid: "plain",
    locatedAt: "plain",
    machineId: "plain",
    identifiers: "json",
    placedOn: "plain",
  },
};

export const STRUCTURE: RowKind<Structure> = {
  table: "structure",
  members: {
    ...MANAGED,
    ...BUILDABLE,
    ...DESCRIBED,
    hostname: "plain",
    site: "plain",
    blueprint: "plain",
    foundation: "plain",
    description: "plain",
    variables: "json",
    parent: "plain",
    role: "plain",
    managementAddress: "plain",
    groups: "json",
    zone: "plain",
    addresses: "json",
    dependsOn: "json",
  },
};

export const COMPLEX: RowKind<Complex> = {
  table: "complex",
  members: {
    ...MANAGED,
    ...DESCRIBED,
    site: "plain",
    description: "plain",
    type: "plain",
    members: "json",
    builtPercentage: "plain",
    attributes: "json",
    capacity: "json",
  },
};

export const DEPENDENCY: RowKind<Dependency> = {
  table: "dependency",
  members: {
    ...MANAGED,
    ...BUILDABLE,
    ...DESCRIBED,
    foundation: "plain",
    structure: "plain",
    dependency: "plain",
    link: "plain",
    scriptStructure: "plain",
    createScript: "plain",
    destroyScript: "plain",
    description: "plain",
  },
};

/** Every kind whose rows belong to a tenant. */
export const ROW_KINDS: ReadonlyMap<TableName, RowKind<never>> = new Map(
  [
    SITE,
    GROUP,
    NETWORK,
    LINK,
    INTERFACE,
    ZONE,
    FIELD_SCHEMA,
    ADDRESS_BLOCK,
    BLUEPRINT,
    FOUNDATION,
    STRUCTURE,
    COMPLEX,
    DEPENDENCY,
  ].map((kind) => [kind.table, kind as unknown as RowKind<never>]),
);

const MEMBER_COLUMNS: ReadonlyMap<string, readonly MemberColumn[]> = new Map(
  [{ table: "tenant", members: TENANT_MEMBERS }, ...ROW_KINDS.values()].map(({ table, members }) => [
    table,
    Object.entries<ColumnKind>(members).map(([member, as]) => ({
      member,
      key: `${JSON.stringify(member)}:`,
      column: columnName(member),
      as,
    })),
  ]),
);

/** The columns of a kind but for `id`, `tenant_id` and `revision`, in the order of `columnValues`. */
export function columnNames(kind: { readonly members: Readonly<Record<string, ColumnKind>> }): readonly string[] {
  return Object.keys(kind.members).map(columnName);
}

/** How a member is kept. `key`: its name as JSON text, with the colon. */
export interface MemberColumn {
  readonly member: string;
  readonly key: string;
  readonly column: string;
  readonly as: ColumnKind;
}

/** The members of the rows of a table but for the id, in the order of `columnValues`. */
export function memberColumns(table: TableName | "tenant"): readonly MemberColumn[] {
  return MEMBER_COLUMNS.get(table) ?? [];
}

function columnName(member: string): string {
  return member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function columnValues<Row extends Managed & { readonly name: string }>(
  kind: RowKind<Row>,
  row: Row,
): readonly ColumnValue[] {
  const members = row as unknown as Readonly<Record<string, unknown>>;
  return Object.entries<ColumnKind>(kind.members).map(([member, as]) => columnValue(members[member], as));
}

/** Some members of a row as columns. */
export function partialColumns<Row extends Managed & { readonly name: string }>(
  kind: Pick<RowKind<Row>, "members">,
  values: Partial<Row>,
): Readonly<Record<string, ColumnValue>> {
  const kinds: Readonly<Record<string, ColumnKind>> = kind.members;
  return Object.fromEntries(
    Object.entries(values)
      .filter(([member]) => Object.hasOwn(kinds, member))
      .map(([member, value]) => [columnName(member), columnValue(value, kinds[member] ?? "plain")]),
  );
}

function columnValue(value: unknown, as: ColumnKind): ColumnValue {
  if (as === "flag") return value === true ? 1 : 0;
  if (as === "json") return value === null ? null : JSON.stringify(value);
  return value as ColumnValue;
}

/**
 * A row from its columns. Its JSON members are parsed when they are read; it compares and spreads like a plain object, but spreading
 * parses everything, so nobody spreads 100,000 of them.
 */
export function rowOf<Row extends Managed & { readonly name: string }>(
  kind: Pick<RowKind<Row>, "members">,
  columns: object,
): Row {
  const known = readers.get(kind.members) ?? rowReader(kind.members);
  readers.set(kind.members, known);
  return known(columns as Columns) as Row;
}

/** The JSON text of a member of a row that was read; undefined for a row that was made otherwise. */
export function textOf(row: object, member: "variables" | "attributes"): string | undefined {
  return LazyRow.text(row, member);
}

type Columns = Readonly<Record<string, unknown>>;

const readers = new WeakMap<object, (columns: Columns) => object>();

/** Members in which every row is another: sharing them would share nothing. */
const ITS_OWN: ReadonlySet<string> = new Set([
  "id",
  "name",
  "hostname",
  "managementAddress",
  "mac",
  "jobId",
  "systemUuid",
  "machineId",
]);

function rowReader(members: Readonly<Record<string, ColumnKind>>): (columns: Columns) => object {
  const all = Object.entries(members).map(([member, as]) => ({ member, as, column: columnName(member) }));
  const direct = [{ member: "id", as: "plain" as const, column: "id" }, ...all.filter(({ as }) => as !== "json")];
  const json = all.filter(({ as }) => as === "json");
  const places = new Map(json.map(({ member }, place) => [member, place]));
  const getters = Object.fromEntries(
    json.map(({ member }, place) => [member, { enumerable: true, get: LazyRow.getter(place) }]),
  );
  return (columns) => {
    const row = new LazyRow(
      json.map(({ column }) => sharedText(columns[column]) as string | null),
      places,
    );
    const values = row as unknown as Record<string, unknown>;
    for (const { member, as, column } of direct) {
      const value = columns[column];
      values[member] = as === "flag" ? value === 1 : ITS_OWN.has(member) ? value : sharedText(value);
    }
    return Object.defineProperties(row, getters);
  };
}

function sharedText(value: unknown): unknown {
  return typeof value === "string" ? shared(value) : value;
}

class LazyRow {
  readonly #texts: readonly (string | null)[];
  readonly #places: ReadonlyMap<string, number>;

  constructor(texts: readonly (string | null)[], places: ReadonlyMap<string, number>) {
    this.#texts = texts;
    this.#places = places;
  }

  static getter(place: number): (this: LazyRow) => Json {
    return function (this: LazyRow) {
      const text = this.#texts[place];
      return text === null || text === undefined ? null : parsed(text);
    };
  }

  static text(row: object, member: string): string | undefined {
    if (!(#texts in row)) return undefined;
    return row.#texts[row.#places.get(member) ?? -1] ?? undefined;
  }
}
