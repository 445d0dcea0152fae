import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { isUniqueViolation, type Database, type Queries } from "../platform/database/index.ts";
import type { Account, RoleBinding } from "./account-model.ts";
import { accountById, accountNamed } from "./account-store.ts";
import { unknownAccount } from "./account-service.ts";
import { BINDING_EXISTS, BINDING_INVALID, BINDING_UNKNOWN, SCOPE_UNKNOWN } from "./errors.ts";
import { requireToGive, serverRights } from "./giving.ts";
import type { Principal } from "./model.ts";
import type { Permission } from "./permissions.ts";
import { placeOfScope, type Places, type PlacesOfTenant } from "./places.ts";
import { forbidden, type Scope } from "./policy.ts";
import { permissionsOf } from "./role-service.ts";
import { bindingById, bindingsOf, deleteBinding, insertBinding, isBuiltIn } from "./role-store.ts";
import type { AccessWrites } from "./writes.ts";

/** Where a role is to hold: sites, groups and projects by name. */
export type ScopeDraft =
  | { readonly kind: "server" }
  | { readonly kind: "tenant" }
  | { readonly kind: "site" | "group" | "project"; readonly name: string };

export interface BindingDraft {
  /** Id or name of an account, or a group as the directory calls it: one of both. */
  readonly account?: string | undefined;
  readonly directoryGroup?: string | undefined;
  readonly role: string;
  readonly scope: ScopeDraft;
}

/** A binding as it is shown. */
export interface ShownBinding {
  readonly id: Id;
  readonly account: Pick<Account, "id" | "kind" | "name"> | null;
  readonly directoryGroup: string | null;
  readonly role: string;
  /** `name`: null of a tenant and the server, and of a site or group that is gone: the binding then gives nothing. */
  readonly scope: { readonly kind: Scope["kind"]; readonly id: Id | null; readonly name: string | null };
  readonly createdAt: number;
}

export interface BindingFilter {
  readonly after: string;
  readonly limit: number;
  readonly account?: string | undefined;
  readonly directoryGroup?: string | undefined;
  readonly role?: string | undefined;
}

export interface BindingService {
  /** Of the tenant and of the whole server, oldest first, where who asks may see them. `next`: the id to go on after. */
  list(
    principal: Principal,
    filter: BindingFilter,
  ): Promise<{ readonly items: readonly ShownBinding[]; readonly next: Id | null }>;
  /** Errors: `binding_unknown`. */
  get(principal: Principal, id: Id): Promise<ShownBinding>;
  /** Errors: `account_unknown`, `role_unknown`, `binding_invalid`, `binding_exists`, `rights_exceeded`, `forbidden`, `scope_unknown`. */
  create(principal: Principal, draft: BindingDraft): Promise<ShownBinding>;
  /** Errors: `binding_unknown`, `forbidden`. */
  remove(principal: Principal, id: Id): Promise<void>;
}

export interface BindingServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly writes: AccessWrites;
  readonly places: Places;
}

export function createBindingService(parts: BindingServiceParts): BindingService {
  const { database, clock, random, writes, places } = parts;

  async function scopeOf({ tenantId, rights }: Principal, scope: ScopeDraft): Promise<Scope> {
    if (scope.kind === "server") return { kind: "server" };
    if (scope.kind === "tenant") return { kind: "tenant", tenantId };
    if (scope.kind === "site" || scope.kind === "group") {
      const id = await places.find(tenantId, scope.kind, scope.name);
      // What may not be seen is not there.
      const place = id === undefined ? undefined : (await places.in(tenantId)).place(scope.kind, id);
      if (id === undefined || place === undefined || !SIGHT.some((one) => rights.at(one, place)))
        throw new GantryError(SCOPE_UNKNOWN, `there is no ${scope.kind} '${scope.name.slice(0, 80)}'`);
      return { kind: scope.kind, tenantId, id };
    }
    if (!/^[^\s/]{1,128}$/u.test(scope.name))
      throw new GantryError(BINDING_INVALID, `'${scope.name.slice(0, 80)}' is not the name of a project`);
    return { kind: "project", tenantId, name: scope.name };
  }

  async function shown(binding: RoleBinding, now: PlacesOfTenant): Promise<ShownBinding> {
    const { id, subject, role, scope, createdAt } = binding;
    const account = subject.kind === "account" ? await accountById(database.kysely, subject.accountId) : undefined;
    return {
      id,
      account: account === undefined ? null : { id: account.id, kind: account.kind, name: account.name },
      directoryGroup: subject.kind === "account" ? null : subject.name,
      role,
      scope: shownScope(scope, now),
      createdAt,
    };
  }

  /** Errors: `binding_unknown`. */
  async function visible(queries: Queries, principal: Principal, id: Id, now: PlacesOfTenant): Promise<RoleBinding> {
    const found = await bindingById(queries, principal.tenantId, id);
    if (found === undefined || !mayAt(principal, "access.read", found.scope, now))
      throw new GantryError(BINDING_UNKNOWN, `there is no role binding '${id.slice(0, 80)}'`);
    return found;
  }

  return {
    async list(principal, { account, limit, ...filter }) {
      const { tenantId } = principal;
      const now = await places.in(tenantId);
      const accountId = account === undefined ? undefined : (await boundAccount(database.kysely, tenantId, account)).id;
      const items: RoleBinding[] = [];
      let { after } = filter;
      for (;;) {
        const page = await bindingsOf(database.kysely, tenantId, { ...filter, accountId, after, limit: PAGE });
        const seen = page.filter(({ scope }) => mayAt(principal, "access.read", scope, now));
        items.push(...seen.slice(0, limit + 1 - items.length));
        if (items.length > limit || page.length < PAGE) break;
        after = page.at(-1)!.id;
      }
      const some = items.slice(0, limit);
      const answered = await Promise.all(some.map((one) => shown(one, now)));
      return { items: answered, next: items.length > limit ? (some.at(-1)?.id ?? null) : null };
    },
    async get(principal, id) {
      const now = await places.in(principal.tenantId);
      return shown(await visible(database.kysely, principal, id, now), now);
    },
    async create(principal, draft) {
      const { tenantId } = principal;
      if ((draft.account === undefined) === (draft.directoryGroup === undefined))
        throw new GantryError(
          BINDING_INVALID,
          "a role is bound to an account or to a directory group: name one of both",
        );
      const scope = await scopeOf(principal, draft.scope);
      const now = await places.in(tenantId);
      requireMay(principal, scope, now);
      const binding = await writes.write(principal, async (tx) => {
        const account = draft.account === undefined ? undefined : await boundAccount(tx, tenantId, draft.account);
        const permissions = await permissionsFor(tx, tenantId, draft.role, scope, account);
        requireToGive(principal, { permissions, scope }, placeOfScope(scope, now));
        const made: RoleBinding = {
          id: random.id(),
          subject:
            account === undefined
              ? { kind: "directory_group", name: draft.directoryGroup ?? "" }
              : { kind: "account", accountId: account.id },
          role: draft.role,
          scope,
          createdAt: clock.now(),
        };
        await insertBinding(tx, made).catch((error: unknown) => {
          if (!isUniqueViolation(error)) throw error;
          throw new GantryError(BINDING_EXISTS, `the role '${draft.role}' is bound so already`, { cause: error });
        });
        await writes.binding(tx, "role.bound", made, account?.name ?? draft.directoryGroup ?? "");
        return made;
      });
      return shown(binding, now);
    },
    async remove(principal, id) {
      const now = await places.in(principal.tenantId);
      await writes.write(principal, async (tx) => {
        const binding = await visible(tx, principal, id, now);
        requireMay(principal, binding.scope, now);
        await deleteBinding(tx, id);
        const { subject } = binding;
        const who = subject.kind === "account" ? (await accountById(tx, subject.accountId))?.name : subject.name;
        await writes.binding(tx, "role.unbound", binding, who ?? "");
      });
    },
  };
}

/** Who holds one of these at a site or in a group knows that it is there. */
const SIGHT: readonly Permission[] = ["inventory.read", "access.read", "access.manage"];

/** Bindings that are read at once. */
const PAGE = 500;

/** People can be named from every tenant, so that they can be given a role there. Errors: `account_unknown`. */
async function boundAccount(queries: Queries, tenantId: Id, idOrName: string): Promise<Account> {
  const found = await accountNamed(queries, tenantId, idOrName);
  if (found === undefined) throw unknownAccount(idOrName);
  return found;
}

/** Errors: `role_unknown`, `binding_invalid`. */
async function permissionsFor(
  queries: Queries,
  tenantId: Id,
  role: string,
  scope: Scope,
  account: Account | undefined,
): Promise<readonly Permission[]> {
  if (scope.kind === "server" && !isBuiltIn(role))
    throw new GantryError(
      BINDING_INVALID,
      `the role '${role}' is of one tenant: on the server only built-in roles hold`,
    );
  if (scope.kind === "server" && account?.kind === "service")
    throw new GantryError(BINDING_INVALID, `the service account '${account.name}' is of one tenant, not of the server`);
  return permissionsOf(queries, tenantId, role);
}

/** Whether somebody holds a permission in all of a scope. */
function mayAt(principal: Principal, permission: Permission, scope: Scope, now: PlacesOfTenant): boolean {
  if (scope.kind === "server" && permission !== "access.read")
    return serverRights(principal).everywhere("server.manage");
  const place = placeOfScope(scope, now);
  return place === undefined ? principal.rights.everywhere(permission) : principal.rights.at(permission, place);
}

/** Errors: `forbidden`. */
function requireMay(principal: Principal, scope: Scope, now: PlacesOfTenant): void {
  if (mayAt(principal, "access.manage", scope, now)) return;
  if (scope.kind === "server") throw forbidden(principal.name, "server.manage", "on the whole server");
  throw forbidden(principal.name, "access.manage", scope.kind === "tenant" ? "in the whole tenant" : "there");
}

function shownScope(scope: Scope, now: PlacesOfTenant): ShownBinding["scope"] {
  if (scope.kind === "site" || scope.kind === "group")
    return { kind: scope.kind, id: scope.id, name: now.name(scope.kind, scope.id) ?? null };
  return { kind: scope.kind, id: null, name: scope.kind === "project" ? scope.name : null };
}
