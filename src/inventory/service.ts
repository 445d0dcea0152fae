import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { checkVariables, type Resolution, VARIABLE_NAME_INVALID } from "../variables/index.ts";
import { NOT_FOUND, VERSION_MISMATCH } from "./errors.ts";
import { structureInputs } from "./inputs.ts";
import type { AddressBlock, BlueprintRow, Foundation, Site, Snapshot, Structure } from "./model.ts";
import { pageOf } from "./page.ts";
import type { InventoryStore, StructureEdit } from "./store.ts";
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
   * Changes a structure's variables or description. What is built with them is brought up to date by the foreman.
   * `version`: the one that was read; null when any will do.
   *
   * Errors: `not_found`, `version_mismatch`, `variable_name_invalid`, `variable_type_conflict`.
   */
  editStructure(
    principal: Principal,
    idOrName: string,
    version: number | null,
    edit: StructureEdit,
  ): Promise<Structure>;
}

export interface InventoryServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly classesOf?: ResolverOptions["classesOf"];
}

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
    async editStructure(principal, idOrName, version, edit) {
      const wrong = checkVariables(edit.variables ?? {});
      const [first] = wrong;
      if (first !== undefined) throw new GantryError(VARIABLE_NAME_INVALID, first.message, { problems: wrong });
      return database.transaction(async (tx) => {
        const snapshot = await store.snapshot(principal.tenantId, tx);
        const before = find(snapshot, "structures", idOrName);
        if (version !== null && version !== before.version) {
          throw new GantryError(
            VERSION_MISMATCH,
            `structure '${before.name}' is at version ${before.version}, not ${version}`,
          );
        }
        const after = await store.editStructure(tx, before.id, before.version, edit);
        const changed = { ...snapshot, structures: new Map([...snapshot.structures, [after.name, after]]) };
        const inputs = (world: Snapshot): string =>
          canonicalJson(structureInputs(createResolver(world, options), after.name) as never);
        const stale = before.state !== "planned" && inputs(snapshot) !== inputs(changed);
        if (stale) await store.changeBuild(tx, "structure", after.id, after.version, { stale: true });
        const data = { name: after.name, by: principal.name, fields: Object.keys(edit) };
        await parts.events.append(tx, [
          {
            tenantId: principal.tenantId,
            type: "structure.edited",
            subject: { kind: "structure", id: after.id },
            data,
          },
        ]);
        afterCommit(tx, "foreman", () => parts.bus.publish("foreman", null));
        return stale ? { ...after, stale: true, version: after.version + 1 } : after;
      });
    },
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
