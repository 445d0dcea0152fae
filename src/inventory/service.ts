import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { Resolution } from "../variables/index.ts";
import { holdInventory } from "./allocation-store.ts";
import type { AnyRow, Edit, EditPlan, EditResult } from "./edit-model.ts";
import { makeEdits, type Answer, type EditOptions, type EditServiceParts } from "./edit-service.ts";
import { once, type RequestOnce } from "./idempotency-store.ts";
import { ownedRule, type OwnedKind } from "./kinds.ts";
import { pageOfKind, type ListRequest, type Page } from "./list.ts";
import type { Snapshot } from "./model.ts";
import { indexesOf } from "./indexes.ts";
import { notFound } from "./not-found.ts";
import { readable, requireReadable } from "./sight.ts";
import { pageByVariables } from "./list-variables.ts";
import { placeVariables } from "./place-variables.ts";
import { createResolver } from "./variables.ts";

/** Kinds whose variables can be asked for as they resolve. */
export type ExplainedKind = "site" | "group" | "foundation" | "structure";

export interface InventoryService {
  /**
   * A page of what a filter leaves. `vars`: `PATH:JSON`, of resolved variables; all must hold.
   *
   * Errors: `filter_invalid`, `cursor_unknown`, `history_begins`, `history_too_long`.
   */
  list(principal: Principal, kind: OwnedKind, request: ListRequest, vars?: readonly string[]): Promise<Page>;
  /** By id or name; with a time, as it was then. Errors: `not_found`, `history_begins`, `history_too_long`. */
  get(principal: Principal, kind: OwnedKind, idOrName: string, at?: number): Promise<AnyRow>;
  /**
   * Resolved variables: of a structure or foundation its own; of a site or group what something that stands in nothing but it would get.
   *
   * Errors: `not_found`, `variable_type_conflict`.
   */
  variables(principal: Principal, kind: ExplainedKind, idOrName: string, at?: number): Promise<Resolution>;
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
  /**
   * Makes the edits of a request, and what it is answered with. A request that comes again is answered as the first time, and does nothing.
   *
   * Errors: those of `edit`, `idempotency_key_reused`.
   */
  answer(
    principal: Principal,
    edits: readonly Edit[],
    options: EditOptions & { readonly request?: RequestOnce | undefined },
    present: (plan: Pick<EditPlan, "results" | "row">) => Answer,
  ): Promise<Answer>;
}

export type InventoryServiceParts = EditServiceParts;

export function createInventoryService(parts: InventoryServiceParts): InventoryService {
  const { database, inventory: store } = parts;
  /** What is, or what was at a time. */
  function seen({ tenantId }: Principal, at: number | undefined): Promise<Snapshot> {
    return at === undefined ? store.snapshot(tenantId) : store.snapshotAt(tenantId, at);
  }

  return {
    async list(principal, kind, request, vars = []) {
      const snapshot = await seen(principal, request.at);
      const also = readable(principal, snapshot, kind);
      const visible = also === undefined ? request : { ...request, also };
      try {
        if (vars.length === 0) return pageOfKind(snapshot, kind, visible);
        return await pageByVariables({ store, tenantId: principal.tenantId, snapshot }, kind, visible, vars);
      } catch (error) {
        // A filter by something hidden leaves what may be read of it, often nothing: one by what is not there must not be told from it.
        const unknown = error instanceof GantryError && error.details["unknown"] !== undefined;
        if (also === undefined || !unknown) throw error;
        return { items: [], next: null };
      }
    },
    async get(principal, kind, idOrName, at) {
      return findVisible(principal, await seen(principal, at), kind, idOrName);
    },
    async variables(principal, kind, idOrName, at) {
      const snapshot = await seen(principal, at);
      const { name } = findVisible(principal, snapshot, kind, idOrName);
      if (kind === "structure" || kind === "foundation") return createResolver(snapshot)[kind](name);
      return placeVariables(snapshot, kind, name);
    },
    edit: (principal, edits, editOptions) =>
      database.transaction(async (tx) => {
        const { results } = await makeEdits(parts, tx, principal, edits, editOptions);
        return { results };
      }),
    answer: (principal, edits, { request, ...editOptions }, present) =>
      database.transaction(async (tx) => {
        const { tenantId } = principal;
        // Two of the same key wait here for each other.
        await holdInventory(tx, tenantId);
        const answer = await once(
          tx,
          tenantId,
          // What was only planned may be done under the same key.
          editOptions.preview === true ? undefined : request,
          parts.clock.now(),
          async () => present(await makeEdits(parts, tx, principal, edits, editOptions)) as unknown as Json,
        );
        return answer as unknown as Answer;
      }),
  };
}

export function rowsOf(snapshot: Snapshot, kind: OwnedKind): ReadonlyMap<string, AnyRow> {
  return snapshot[ownedRule(kind).rows];
}

/** The thing of this name, or of this id, if the principal may read it. Errors: `not_found`. */
export function findVisible(principal: Principal, snapshot: Snapshot, kind: OwnedKind, idOrName: string): AnyRow {
  const all = principal.rights.everywhere("inventory.read");
  const row = findRow(snapshot, kind, idOrName, all);
  if (!all) requireReadable(principal, snapshot, kind, row, idOrName);
  return row;
}

/** The thing of this name, or of this id. `hint`: whether a name like it may be told. Errors: `not_found`. */
export function findRow(snapshot: Snapshot, kind: OwnedKind, idOrName: string, hint = true): AnyRow {
  const rows = rowsOf(snapshot, kind);
  const found = rows.get(idOrName) ?? rows.get(indexesOf(snapshot).byId(ownedRule(kind).rows, idOrName) ?? "");
  if (found !== undefined) return found;
  throw notFound(kind, idOrName, hint ? rows.keys() : []);
}
