import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import type { Resolution } from "../variables/index.ts";
import { holdInventory } from "./allocation-store.ts";
import type { AnyRow, Edit, EditPlan, EditResult } from "./edit-model.ts";
import { makeEdits, type Answer, type EditOptions, type EditServiceParts } from "./edit-service.ts";
import { meant } from "./edit-touched.ts";
import { NOT_FOUND } from "./errors.ts";
import { once, type RequestOnce } from "./idempotency-store.ts";
import { ownedRule, titleOf, type Kind, type OwnedKind } from "./kinds.ts";
import { pageOfKind, type ListRequest, type Page } from "./list.ts";
import type { Snapshot } from "./model.ts";
import { indexesOf } from "./indexes.ts";
import { pageByVariables } from "./list-variables.ts";
import { placeVariables } from "./place-variables.ts";
import { createResolver, type ResolverOptions } from "./variables.ts";

/** Kinds whose variables can be asked for as they resolve. */
export type ExplainedKind = "site" | "group" | "foundation" | "structure";

export interface InventoryService {
  /**
   * A page of what a filter leaves. `vars`: `PATH:JSON`, of resolved variables; all must hold.
   *
   * Errors: `filter_invalid`, `cursor_unknown`.
   */
  list(principal: Principal, kind: OwnedKind, request: ListRequest, vars?: readonly string[]): Promise<Page>;
  /** By id or name. Errors: `not_found`. */
  get(principal: Principal, kind: OwnedKind, idOrName: string): Promise<AnyRow>;
  /**
   * Resolved variables: of a structure or foundation its own; of a site or group what something that stands in nothing but it would get.
   *
   * Errors: `not_found`, `variable_type_conflict`.
   */
  variables(principal: Principal, kind: ExplainedKind, idOrName: string): Promise<Resolution>;
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
  const options: ResolverOptions = parts.classesOf === undefined ? {} : { classesOf: parts.classesOf };
  return {
    async list(principal, kind, request, vars = []) {
      const snapshot = await store.snapshot(principal.tenantId);
      if (vars.length === 0) return pageOfKind(snapshot, kind, request);
      return pageByVariables({ store, options, tenantId: principal.tenantId, snapshot }, kind, request, vars);
    },
    async get(principal, kind, idOrName) {
      return findRow(await store.snapshot(principal.tenantId), kind, idOrName);
    },
    async variables(principal, kind, idOrName) {
      const snapshot = await store.snapshot(principal.tenantId);
      const { name } = findRow(snapshot, kind, idOrName);
      if (kind === "structure" || kind === "foundation") return createResolver(snapshot, options)[kind](name);
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

/** The thing of this name, or of this id. Errors: `not_found`. */
export function findRow(snapshot: Snapshot, kind: OwnedKind, idOrName: string): AnyRow {
  const rows = rowsOf(snapshot, kind);
  const found = rows.get(idOrName) ?? rows.get(indexesOf(snapshot).byId(ownedRule(kind).rows, idOrName) ?? "");
  if (found !== undefined) return found;
  throw notFound(kind, idOrName, rows.keys());
}

export function notFound(kind: Kind, idOrName: string, names: Iterable<string>): GantryError {
  return new GantryError(NOT_FOUND, `there is no ${titleOf(kind)} '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`);
}
