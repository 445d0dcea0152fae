import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Resolution } from "../variables/index.ts";
import type { Edit, EditResult } from "./edit-model.ts";
import { makeEdits, type EditOptions, type EditServiceParts } from "./edit-service.ts";
import { NOT_FOUND } from "./errors.ts";
import type { AddressBlock, BlueprintRow, Foundation, Site, Snapshot, Structure } from "./model.ts";
import { pageOf } from "./page.ts";
import { createResolver, siteChain, type ResolverOptions } from "./variables.ts";

/** The kinds of things that are listed, by the member of a snapshot that holds them. */
interface ListedRows {
  readonly sites: Site;
  readonly addressBlocks: AddressBlock;
  readonly blueprints: BlueprintRow;
  readonly foundations: Foundation;
  readonly structures: Structure;
}

export type Listed = keyof ListedRows;

interface ListOptions {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Only things of this site or one below it. */
  readonly site?: string | undefined;
  readonly blueprint?: string | undefined;
  readonly state?: string | undefined;
}

export interface InventoryService {
  /** By name, a page at a time. Errors: `cursor_unknown`. */
  list<Kind extends Listed>(
    principal: Principal,
    kind: Kind,
    options: ListOptions,
  ): Promise<{ readonly items: readonly ListedRows[Kind][]; readonly next: string | null }>;
  /** By id or name. Errors: `not_found`. */
  get<Kind extends Listed>(principal: Principal, kind: Kind, idOrName: string): Promise<ListedRows[Kind]>;
  /** Errors: `not_found`, `variable_type_conflict`. */
  variables(principal: Principal, kind: "foundation" | "structure", idOrName: string): Promise<Resolution>;
  /**
   * Makes edits in one transaction: all of them, or none. One result for each edit, in their order, then those of what went or changed
   * along. What is built with something that changed is brought up to date by the foreman.
   *
   * Errors: of one problem its own (`not_found`, `version_mismatch`, `member_invalid`, `reference_unknown`, `removal_needs_cascade` …); of
   * several kinds `edits_refused`, with all problems, each with the place of its edit in the list.
   */
  edit(
    principal: Principal,
    edits: readonly Edit[],
    options?: EditOptions,
  ): Promise<{ readonly results: readonly EditResult[] }>;
}

export type InventoryServiceParts = EditServiceParts;

export function createInventoryService(parts: InventoryServiceParts): InventoryService {
  const { database, inventory: store } = parts;
  const options: ResolverOptions = parts.classesOf === undefined ? {} : { classesOf: parts.classesOf };
  return {
    async list(principal, kind, asked) {
      const snapshot = await store.snapshot(principal.tenantId);
      const rows = [...rowsOf(snapshot, kind).values()].filter((row) => isWanted(snapshot, row, asked));
      return pageOf(rows, asked);
    },
    async get(principal, kind, idOrName) {
      return find(await store.snapshot(principal.tenantId), kind, idOrName);
    },
    async variables(principal, kind, idOrName) {
      const snapshot = await store.snapshot(principal.tenantId);
      const row = find(snapshot, kind === "structure" ? "structures" : "foundations", idOrName);
      return createResolver(snapshot, options)[kind](row.name);
    },
    edit: (principal, edits, editOptions) =>
      database.transaction(async (tx) => ({ results: await makeEdits(parts, tx, principal, edits, editOptions) })),
  };
}

function rowsOf<Kind extends Listed>(snapshot: Snapshot, kind: Kind): ReadonlyMap<string, ListedRows[Kind]> {
  return snapshot[kind] as unknown as ReadonlyMap<string, ListedRows[Kind]>;
}

function isWanted(snapshot: Snapshot, row: object, asked: ListOptions): boolean {
  const { site, blueprint, state } = row as { site?: string; blueprint?: string; state?: string };
  if (asked.site !== undefined && (site === undefined || !siteChain(snapshot, site).includes(asked.site))) return false;
  return (
    (asked.blueprint === undefined || asked.blueprint === blueprint) &&
    (asked.state === undefined || asked.state === state)
  );
}

const TITLES: Readonly<Record<Listed, string>> = {
  sites: "site",
  addressBlocks: "address block",
  blueprints: "blueprint",
  foundations: "foundation",
  structures: "structure",
};

function find<Kind extends Listed>(snapshot: Snapshot, kind: Kind, idOrName: string): ListedRows[Kind] {
  const rows = rowsOf(snapshot, kind);
  const named = rows.get(idOrName);
  if (named !== undefined) return named;
  for (const row of rows.values()) if (row.id === idOrName) return row;
  const near = nearest(idOrName, rows.keys());
  throw new GantryError(
    NOT_FOUND,
    `there is no ${TITLES[kind]} '${idOrName.slice(0, 80)}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
  );
}
