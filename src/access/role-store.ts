import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import type { Role, RoleBinding } from "./account-model.ts";
import { BUILT_IN_ROLES, type Permission } from "./permissions.ts";
import type { Grant, Scope } from "./policy.ts";
import type { RoleBindingColumns, RoleColumns } from "./tables.ts";

/** Roles and who holds them, in the database. Whoever writes calls `accessChanged` in the same transaction. */

/** Throws a unique violation when the tenant has one of this name. */
export async function insertRole(tx: Transaction, role: Role): Promise<void> {
  await tx.insertInto("access_role").values(roleColumns(role)).execute();
}

/** False when it is not there, or not of the version before this one. */
export async function updateRole(tx: Transaction, role: Role): Promise<boolean> {
  const { id, ...columns } = roleColumns(role);
  const done = await tx
    .updateTable("access_role")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", role.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

export async function deleteRole(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("access_role").where("id", "=", id).execute();
}

/** The custom roles of a tenant, by name. */
export async function rolesOf(queries: Queries, tenantId: Id): Promise<readonly Role[]> {
  const rows = await queries
    .selectFrom("access_role")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .orderBy("name")
    .execute();
  return rows.map(roleOf);
}

/** Throws a unique violation when there is the same binding already. */
export async function insertBinding(tx: Transaction, binding: RoleBinding): Promise<void> {
  const { subject, scope } = binding;
  await tx
    .insertInto("role_binding")
    .values({
      id: binding.id,
      tenant_id: scope.kind === "server" ? null : scope.tenantId,
      account_id: subject.kind === "account" ? subject.accountId : null,
      directory_group: subject.kind === "account" ? null : subject.name,
      role: binding.role,
      scope: scope.kind,
      scope_id: scopeId(scope),
      created_at: binding.createdAt,
    })
    .execute();
}

export async function deleteBinding(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("role_binding").where("id", "=", id).execute();
}

/** In the tenant, or of the whole server. */
export async function bindingById(queries: Queries, tenantId: Id, id: Id): Promise<RoleBinding | undefined> {
  const row = await queries
    .selectFrom("role_binding")
    .selectAll()
    .where("id", "=", id)
    .where((one) => one.or([one("tenant_id", "=", tenantId), one("tenant_id", "is", null)]))
    .executeTakeFirst();
  return row === undefined ? undefined : bindingOf(row);
}

export interface BindingPage {
  /** The id they come after. */
  readonly after: string;
  readonly limit: number;
  readonly accountId?: Id | undefined;
  readonly directoryGroup?: string | undefined;
  readonly role?: string | undefined;
}

/** The bindings of a tenant and of the whole server, oldest first. */
export async function bindingsOf(
  queries: Queries,
  tenantId: Id,
  { after, limit, accountId, directoryGroup, role }: BindingPage,
): Promise<readonly RoleBinding[]> {
  let found = queries
    .selectFrom("role_binding")
    .selectAll()
    .where("id", ">", after)
    .where((one) => one.or([one("tenant_id", "=", tenantId), one("tenant_id", "is", null)]));
  if (accountId !== undefined) found = found.where("account_id", "=", accountId);
  if (directoryGroup !== undefined) found = found.where("directory_group", "=", directoryGroup);
  if (role !== undefined) found = found.where("role", "=", role);
  return (await found.orderBy("id").limit(limit).execute()).map(bindingOf);
}

/** How many bindings of a tenant have the role. */
export async function countBindings(queries: Queries, tenantId: Id, role: string): Promise<number> {
  const { count } = await queries
    .selectFrom("role_binding")
    .select((one) => one.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", tenantId)
    .where("role", "=", role)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** All bindings an account has, by itself and by the groups its directory named. */
export async function bindingsOfAccount(
  queries: Queries,
  accountId: Id,
  directoryGroups: readonly string[],
): Promise<readonly RoleBinding[]> {
  const rows = await queries
    .selectFrom("role_binding")
    .selectAll()
    .where((one) =>
      directoryGroups.length === 0
        ? one("account_id", "=", accountId)
        : one.or([one("account_id", "=", accountId), one("directory_group", "in", [...directoryGroups])]),
    )
    .orderBy("id")
    .execute();
  return rows.map(bindingOf);
}

/** What bindings grant: their roles looked up. A role that is gone grants nothing. */
export async function grantsOf(queries: Queries, bindings: readonly RoleBinding[]): Promise<readonly Grant[]> {
  const tenants = new Set(
    bindings.flatMap(({ role, scope }) => (isBuiltIn(role) || scope.kind === "server" ? [] : [scope.tenantId])),
  );
  const custom = new Map<string, readonly Permission[]>();
  if (tenants.size > 0) {
    const rows = await queries
      .selectFrom("access_role")
      .selectAll()
      .where("tenant_id", "in", [...tenants])
      .execute();
    for (const row of rows) custom.set(`${row.tenant_id} ${row.name}`, roleOf(row).permissions);
  }
  return bindings.flatMap(({ role, scope }) => {
    if (isBuiltIn(role)) return [{ permissions: BUILT_IN_ROLES[role], scope }];
    const permissions = scope.kind === "server" ? undefined : custom.get(`${scope.tenantId} ${role}`);
    return permissions === undefined ? [] : [{ permissions, scope }];
  });
}

/** Everything of a tenant that goes away: its service accounts, roles and bindings, and tokens that open it alone. */
export async function forgetTenant(tx: Transaction, tenantId: Id): Promise<void> {
  await tx.deleteFrom("account").where("tenant_id", "=", tenantId).execute();
  await tx.deleteFrom("account_token").where("tenant_id", "=", tenantId).execute();
  await tx.deleteFrom("role_binding").where("tenant_id", "=", tenantId).execute();
  await tx.deleteFrom("access_role").where("tenant_id", "=", tenantId).execute();
}

export function isBuiltIn(role: string): role is keyof typeof BUILT_IN_ROLES {
  return Object.hasOwn(BUILT_IN_ROLES, role);
}

function scopeId(scope: Scope): string {
  if (scope.kind === "project") return scope.name;
  return scope.kind === "site" || scope.kind === "group" ? scope.id : "";
}

function bindingOf(row: RoleBindingColumns): RoleBinding {
  return {
    id: row.id,
    subject:
      row.account_id === null
        ? { kind: "directory_group", name: row.directory_group ?? "" }
        : { kind: "account", accountId: row.account_id },
    role: row.role,
    scope: scopeOf(row),
    createdAt: row.created_at,
  };
}

function scopeOf({ tenant_id: tenantId, scope, scope_id: id }: RoleBindingColumns): Scope {
  if (tenantId === null) return { kind: "server" };
  if (scope === "site" || scope === "group") return { kind: scope, tenantId, id };
  return scope === "project" ? { kind: "project", tenantId, name: id } : { kind: "tenant", tenantId };
}

function roleColumns(role: Role): RoleColumns {
  return {
    id: role.id,
    tenant_id: role.tenantId,
    name: role.name,
    description: role.description,
    permissions: JSON.stringify(role.permissions),
    version: role.version,
    created_at: role.createdAt,
    updated_at: role.updatedAt,
  };
}

function roleOf(row: RoleColumns): Role {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    description: row.description,
    permissions: JSON.parse(row.permissions) as readonly Permission[],
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
