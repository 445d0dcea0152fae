import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { roleNameProblem, type Role } from "./account-model.ts";
import { ROLE_IN_USE, ROLE_INVALID, ROLE_NAME_TAKEN, ROLE_UNKNOWN } from "./errors.ts";
import { requireToGive } from "./giving.ts";
import type { Principal } from "./model.ts";
import { BUILT_IN_ROLES, isServerWide, PERMISSIONS, type Permission } from "./permissions.ts";
import { countBindings, deleteRole, insertRole, isBuiltIn, rolesOf, updateRole } from "./role-store.ts";
import type { AccessWrites } from "./writes.ts";

/** A role as it is shown. */
export interface ShownRole {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
  /** True: it is the same in every tenant, and is not changed. */
  readonly builtIn: boolean;
  /** 0: of a built-in one. */
  readonly version: number;
}

export interface RoleDraft {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

export interface RoleService {
  /** Built-in and custom ones, by name. */
  list(principal: Principal): Promise<readonly ShownRole[]>;
  /** Errors: `role_unknown`. */
  get(principal: Principal, name: string): Promise<ShownRole>;
  /** Errors: `role_invalid`, `role_name_taken`, `rights_exceeded`. */
  create(principal: Principal, draft: RoleDraft): Promise<ShownRole>;
  /** What it holds from now on, for everybody it is bound to. Errors: `role_unknown`, `role_invalid`, `version_mismatch`, `rights_exceeded`. */
  replace(principal: Principal, name: string, version: number | null, draft: RoleDraft): Promise<ShownRole>;
  /** Errors: `role_unknown`, `role_invalid`, `version_mismatch`, `role_in_use`. */
  remove(principal: Principal, name: string, version: number | null): Promise<void>;
}

export interface RoleServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly writes: AccessWrites;
}

const DESCRIPTIONS: Readonly<Record<keyof typeof BUILT_IN_ROLES, string>> = {
  viewer: "sees everything but the values of secrets",
  operator: "also starts runs, controls jobs, proposes changes",
  designer: "also changes the inventory, secrets and names",
  admin: "everything, also who may do what",
};

const BUILT_IN: readonly ShownRole[] = Object.entries(BUILT_IN_ROLES).map(([name, permissions]) => ({
  name,
  description: DESCRIPTIONS[name as keyof typeof BUILT_IN_ROLES],
  permissions,
  builtIn: true,
  version: 0,
}));

export function createRoleService({ database, clock, random, writes }: RoleServiceParts): RoleService {
  async function custom(queries: Queries, tenantId: Id, name: string, version: number | null): Promise<Role> {
    if (isBuiltIn(name)) throw new GantryError(ROLE_INVALID, `the role '${name}' is built in and stays as it is`);
    const all = await rolesOf(queries, tenantId);
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw unknownRole(name, all);
    requireVersion(`role '${name}'`, found.version, version);
    return found;
  }

  async function create(tx: Transaction, principal: Principal, draft: RoleDraft): Promise<Role> {
    const { tenantId } = principal;
    check(draft);
    requireToGive(principal, { permissions: draft.permissions, scope: { kind: "tenant", tenantId } }, undefined);
    if ((await rolesOf(tx, tenantId)).some(({ name }) => name === draft.name))
      throw new GantryError(ROLE_NAME_TAKEN, `there is a role '${draft.name}' already`);
    const now = clock.now();
    const role = { ...draft, id: random.id(), tenantId, version: 1, createdAt: now, updatedAt: now };
    await insertRole(tx, role);
    await writes.role(tx, "role.created", role, { after: shownInAudit(role) });
    return role;
  }

  async function replace(
    tx: Transaction,
    principal: Principal,
    name: string,
    version: number | null,
    draft: RoleDraft,
  ): Promise<Role> {
    const { tenantId } = principal;
    const before = await custom(tx, tenantId, name, version);
    check(draft);
    if (draft.name !== name)
      throw new GantryError(ROLE_INVALID, `the role '${name}' keeps its name: it is bound by it`);
    // What it has already was given by somebody who held it.
    const permissions = draft.permissions.filter((one) => !before.permissions.includes(one));
    requireToGive(principal, { permissions, scope: { kind: "tenant", tenantId } }, undefined);
    const role = { ...before, ...draft, version: before.version + 1, updatedAt: clock.now() };
    await updateRole(tx, role);
    await writes.role(tx, "role.changed", role, { before: shownInAudit(before), after: shownInAudit(role) });
    return role;
  }

  async function remove(tx: Transaction, { tenantId }: Principal, name: string, version: number | null): Promise<void> {
    const role = await custom(tx, tenantId, name, version);
    const bound = await countBindings(tx, tenantId, name);
    if (bound > 0)
      throw new GantryError(ROLE_IN_USE, `the role '${name}' is bound ${bound === 1 ? "once" : `${bound} times`}`);
    await deleteRole(tx, role.id);
    await writes.role(tx, "role.removed", role, { before: shownInAudit(role) });
  }

  return {
    async list({ tenantId }) {
      const all = [...BUILT_IN, ...(await rolesOf(database.kysely, tenantId)).map(shown)];
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async get({ tenantId }, name) {
      const all = await rolesOf(database.kysely, tenantId);
      const found = BUILT_IN.find((one) => one.name === name) ?? all.map(shown).find((one) => one.name === name);
      if (found === undefined) throw unknownRole(name, all);
      return found;
    },
    create: (principal, draft) => writes.write(principal, async (tx) => shown(await create(tx, principal, draft))),
    replace: (principal, name, version, draft) =>
      writes.write(principal, async (tx) => shown(await replace(tx, principal, name, version, draft))),
    remove: (principal, name, version) => writes.write(principal, (tx) => remove(tx, principal, name, version)),
  };
}

/** What a role of a tenant holds. Errors: `role_unknown`. */
export async function permissionsOf(queries: Queries, tenantId: Id, role: string): Promise<readonly Permission[]> {
  if (isBuiltIn(role)) return BUILT_IN_ROLES[role];
  const all = await rolesOf(queries, tenantId);
  const found = all.find(({ name }) => name === role);
  if (found === undefined) throw unknownRole(role, all);
  return found.permissions;
}

function unknownRole(name: string, custom: readonly Role[]): GantryError {
  const near = nearest(name, [...Object.keys(BUILT_IN_ROLES), ...custom.map((one) => one.name)]);
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  return new GantryError(ROLE_UNKNOWN, `there is no role '${name.slice(0, 80)}'${hint}`);
}

function shown({ name, description, permissions, version }: Role): ShownRole {
  return { name, description, permissions, builtIn: false, version };
}

function shownInAudit({ description, permissions }: Role): JsonObject {
  return { description, permissions: [...permissions] };
}

/** Errors: `role_invalid`. */
function check({ name, permissions }: RoleDraft): void {
  const wrong = isBuiltIn(name) ? "is the name of a built-in role" : roleNameProblem(name);
  if (wrong !== undefined) throw new GantryError(ROLE_INVALID, `the name '${name.slice(0, 80)}' ${wrong}`);
  const wide = permissions.filter(isServerWide);
  if (wide.length > 0)
    throw new GantryError(
      ROLE_INVALID,
      `${wide.join(", ")}: of the whole server, and not of a tenant; only the role admin bound to the server holds it`,
    );
}

/** The permissions named, each once, in the order of the list. Errors: `role_invalid`. */
export function permissionsNamed(words: readonly string[]): readonly Permission[] {
  for (const word of words) {
    if ((PERMISSIONS as readonly string[]).includes(word)) continue;
    const near = nearest(word, PERMISSIONS);
    throw new GantryError(
      ROLE_INVALID,
      `there is no permission '${word.slice(0, 80)}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
    );
  }
  return PERMISSIONS.filter((one) => words.includes(one));
}
