import { requireAt, type Principal } from "../access/index.ts";
import {
  externalRow,
  KIND_NAMES,
  NAME_TAKEN,
  NOT_FOUND,
  notFound,
  placeOf,
  requireVisible,
  siteChain,
  titleOf,
  type AnyRow,
  type Edit,
  type EditOptions,
  type EditResult,
  type InventoryService,
  type MissingBackend,
  type OwnedKind,
  type Snapshot,
} from "../inventory/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { BACKEND_LOST, BACKEND_READ_ONLY, BACKENDS_MIXED } from "./errors.ts";
import type { Keeper, Kept } from "./keeper.ts";
import type { MergedInventory } from "./merged.ts";
import { backendOf } from "./model.ts";
import { foreignId, TAKEN } from "./rows.ts";

/** Reads that say what is missing, and edits that go where their truth lives. */

/** Another place has so long to make edits. */
const PATIENCE = 60_000;

type Made = { readonly results: readonly EditResult[]; row(kind: Edit["kind"], name: string): AnyRow | undefined };

/** The service over backends. `service` reads the merged inventory, and writes the database. */
export function withBackends(service: InventoryService, merged: MergedInventory, keeper: Keeper): InventoryService {
  /** Makes the edits where they belong; undefined: that is the database. */
  async function elsewhere(
    principal: Principal,
    edits: readonly Edit[],
    options: EditOptions & { readonly request?: { readonly key: string } | undefined },
  ): Promise<Made | undefined> {
    const { tenantId } = principal;
    const kept = await keeper.settled(tenantId);
    // What is of no kind is told by who plans it.
    if (kept.length === 0 || edits.some(({ kind }) => !KIND_NAMES.includes(kind))) return undefined;
    const snapshot = await merged.store.snapshot(tenantId);
    requireVisible(principal, snapshot, edits);
    const owners = new Set(edits.map((edit) => ownerOfEdit(snapshot, kept, edit)));
    const [owner] = owners;
    if (owners.size > 1) {
      const names = [...owners].map((one) => (one === undefined ? "the database" : `backend '${one}'`)).sort();
      throw new GantryError(BACKENDS_MIXED, `the edits belong to ${names.join(" and ")}; nothing was changed`);
    }
    if (owner === undefined) {
      for (const edit of edits) refuseTaken(snapshot, edit);
      return undefined;
    }
    const found = kept.find(({ backend }) => backend.name === owner);
    requireSite(principal, snapshot, found?.backend.site ?? "");
    const results = await written(writable(found, owner), edits, options, snapshot);
    await keeper.refresh(found?.backend.id ?? "");
    const after = await merged.store.snapshot(tenantId);
    return {
      results: results.map((result) => ({ ...result, id: foreignId(tenantId, owner, result.kind, result.name) })),
      row: (kind, name) => externalRow(after, kind as OwnedKind, name),
    };
  }

  async function written(
    { backend, port }: Kept,
    edits: readonly Edit[],
    options: EditOptions & { readonly request?: { readonly key: string } | undefined },
    snapshot: Snapshot,
  ): Promise<readonly Omit<EditResult, "id">[]> {
    const named = edits.map((edit) => byName(snapshot, edit));
    const sent = { cascade: options.cascade ?? false, key: options.request?.key };
    try {
      return (await port?.write?.(named, sent, AbortSignal.timeout(PATIENCE))) ?? [];
    } catch (cause) {
      // What that place says of the edits is the answer; that it did not answer is ours to say.
      if (cause instanceof GantryError && cause.kind.status < 500) throw cause;
      void keeper.refresh(backend.id);
      throw new GantryError(
        BACKEND_LOST,
        `backend '${backend.name}' did not answer (${messageOf(cause)}); whether the change was made there is not known`,
        { cause },
      );
    }
  }

  /** Of what is missing, that of which who asks may know that it is there. */
  async function visible(principal: Principal, missing: readonly MissingBackend[]): Promise<readonly MissingBackend[]> {
    const { rights, tenantId } = principal;
    if (missing.length === 0 || rights.everywhere("inventory.read")) return missing;
    const snapshot = await merged.store.snapshot(tenantId);
    return missing.filter((one) => {
      const row = snapshot.sites.get(one.site);
      return row !== undefined && rights.at("inventory.read", placeOf(snapshot, "site", row));
    });
  }

  return {
    async list(principal, kind, request, vars) {
      const page = await told(keeper, principal, service.list(principal, kind, request, vars));
      // Of what is kept elsewhere only the present is known.
      const missing =
        request.at === undefined ? await visible(principal, missingOf(keeper.of(principal.tenantId))) : [];
      return missing.length === 0 || !TAKEN.includes(kind) ? page : { ...page, missing };
    },
    get(principal, kind, idOrName, at) {
      const found = service.get(principal, kind, idOrName, at);
      return TAKEN.includes(kind) ? told(keeper, principal, found) : found;
    },
    variables: (principal, kind, idOrName, at) =>
      told(keeper, principal, service.variables(principal, kind, idOrName, at)),
    async edit(principal, edits, options = {}) {
      const made = await elsewhere(principal, edits, options);
      return made === undefined
        ? told(keeper, principal, service.edit(principal, edits, options))
        : { results: made.results };
    },
    async answer(principal, edits, options, present) {
      const made = await elsewhere(principal, edits, options);
      return made === undefined
        ? told(keeper, principal, service.answer(principal, edits, options, present))
        : present(made);
    },
  };
}

/** Whether something is not there: what was asked for, or what a filter names. */
function isUnknown({ kind, details }: GantryError): boolean {
  return kind === NOT_FOUND || details["unknown"] !== undefined;
}

/** What is not found may be in a place that cannot be read; who sees some places alone is not told of others. */
export async function told<Result>(
  keeper: Keeper,
  { tenantId, rights }: Pick<Principal, "tenantId" | "rights">,
  work: Promise<Result>,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof GantryError) || !isUnknown(error) || !rights.everywhere("inventory.read")) throw error;
    const missing = missingOf(keeper.of(tenantId));
    if (missing.length === 0) throw error;
    const names = missing.map(({ backend, site }) => `'${backend}' (site '${site}')`).join(", ");
    throw new GantryError(
      error.kind,
      `${error.message}; it may be in ${missing.length === 1 ? "backend" : "backends"} ${names}, which cannot be read`,
      { details: { ...error.details, missing }, hint: error.hint, problems: error.problems, cause: error },
    );
  }
}

/** What cannot be read now. */
export function missingOf(kept: readonly Kept[]): readonly MissingBackend[] {
  return kept.flatMap(({ backend, external, missing, begunAt }) => {
    if (missing !== undefined) return [missing];
    if (external !== undefined) return [];
    return [
      { backend: backend.name, site: backend.site, since: begunAt, error: "it is being read for the first time" },
    ];
  });
}

/** Errors: `backend_lost`, `backend_read_only`. */
function writable(kept: Kept | undefined, name: string): Kept {
  if (kept?.external === undefined || kept.port === undefined)
    throw new GantryError(
      BACKEND_LOST,
      `the truth of site '${kept?.backend.site ?? ""}' lives in backend '${name}', which cannot be read: ${kept?.missing?.error ?? "it was not read yet"}`,
    );
  if (kept.port.write === undefined)
    throw new GantryError(
      BACKEND_READ_ONLY,
      `the truth of site '${kept.backend.site}' lives in backend '${name}', which is only read: change it ${kept.port.place}`,
    );
  return kept;
}

/** What lives in a backend is at its site: who changes it may change things there. Errors: `forbidden`, `not_found`. */
function requireSite(principal: Principal, snapshot: Snapshot, site: string): void {
  const place = placeOf(snapshot, "site", snapshot.sites.get(site) ?? {});
  requireAt(principal, "inventory.write", place, () => notFound("site", site, []));
}

/** The backend an edit belongs to; undefined: the database. */
function ownerOfEdit(snapshot: Snapshot, kept: readonly Kept[], edit: Edit): string | undefined {
  if (edit.kind === "tenant") return undefined;
  if (edit.action !== "create") {
    const row = externalRow(snapshot, edit.kind, edit.name);
    return row === undefined ? undefined : backendOf(row.managedBy);
  }
  const { data, kind } = edit;
  const member = (name: string): string | undefined => (typeof data[name] === "string" ? data[name] : undefined);
  const ownerOfRow = (of: OwnedKind, name: string | undefined): string | undefined =>
    name === undefined ? undefined : backendOf(externalRow(snapshot, of, name)?.managedBy ?? "");
  if (kind === "interface") return ownerOfRow("structure", member("structure"));
  if (kind === "group") return ownerOfRow("group", member("parent"));
  const site = kind === "site" ? member("parent") : member("site");
  const chain = site === undefined ? [] : [site, ...[...siteChain(snapshot, site)].reverse()];
  // The innermost site that lives elsewhere.
  for (const one of kind === "site" ? [member("name"), ...chain] : chain) {
    const found = kept.find(({ backend }) => backend.site === one);
    if (found !== undefined) return found.backend.name;
  }
  return undefined;
}

/** Nothing of the database takes a name that something of a backend has. Errors: `name_taken`. */
function refuseTaken(snapshot: Snapshot, edit: Edit): void {
  const name = edit.action === "create" ? edit.data["name"] : undefined;
  if (edit.kind === "tenant" || typeof name !== "string") return;
  const owner = backendOf(externalRow(snapshot, edit.kind, name)?.managedBy ?? "");
  if (owner !== undefined)
    throw new GantryError(NAME_TAKEN, `there is a ${titleOf(edit.kind)} '${name}' already, in backend '${owner}'`);
}

/** Ids are ours: the other place knows names. */
function byName(snapshot: Snapshot, edit: Edit): Edit {
  if (edit.action === "create" || edit.kind === "tenant") return edit;
  return { ...edit, name: externalRow(snapshot, edit.kind, edit.name)?.name ?? edit.name };
}
