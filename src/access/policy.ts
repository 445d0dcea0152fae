import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { FORBIDDEN } from "./errors.ts";
import { isServerWide, type Permission } from "./permissions.ts";

/**
 * The one policy: what role bindings allow. Pure: whoever asks (HTTP, the command line, the socket, links, jobs) brings a place and is
 * answered from compiled rights, without looking anything up.
 */

/** Where a role binding holds. Sites and groups are named by their ids, so that a new name changes nothing. */
export type Scope =
  | { readonly kind: "server" }
  | { readonly kind: "tenant"; readonly tenantId: Id }
  /** The site and all below it. */
  | { readonly kind: "site"; readonly tenantId: Id; readonly id: Id }
  /** The group, and all structures that are in it by way of other groups. */
  | { readonly kind: "group"; readonly tenantId: Id; readonly id: Id }
  | { readonly kind: "project"; readonly tenantId: Id; readonly name: string };

/** One role at one scope. */
export interface Grant {
  readonly permissions: readonly Permission[];
  readonly scope: Scope;
}

/** Where something is, as far as rights go by it. */
export interface Place {
  /** The ids of its site and of all sites above. */
  readonly sites: readonly Id[];
  /** The ids of all groups it is in, also by way of others. */
  readonly groups: readonly Id[];
  readonly project: string | null;
}

/** What has no site and no group: only rights in the whole tenant reach it. */
export const NOWHERE: Place = { sites: [], groups: [], project: null };

/** What somebody may do in one tenant. */
export interface Rights {
  /** In the whole tenant. */
  everywhere(permission: Permission): boolean;
  /** At one place at least. */
  somewhere(permission: Permission): boolean;
  at(permission: Permission, place: Place): boolean;
  /** Where a permission holds that does not hold everywhere: as plain data, for what works in another thread. */
  where(permission: Permission): RightPlaces;
}

/** Ids of sites, with those below them, and of groups, with what is in them. */
export interface RightPlaces {
  readonly sites: readonly Id[];
  readonly groups: readonly Id[];
}

const NO_PLACES: RightPlaces = { sites: [], groups: [] };

/** Holds everything: the administrator by token or socket, and the program itself. */
export const ALL_RIGHTS: Rights = {
  everywhere: () => true,
  somewhere: () => true,
  at: () => true,
  where: () => NO_PLACES,
};

/** Holds nothing. */
export const NO_RIGHTS: Rights = {
  everywhere: () => false,
  somewhere: () => false,
  at: () => false,
  where: () => NO_PLACES,
};

interface Reach {
  everywhere: boolean;
  readonly sites: Set<Id>;
  readonly groups: Set<Id>;
  readonly projects: Set<string>;
}

/**
 * The rights that grants give in a tenant; undefined when they give none at all there, so that the tenant stays hidden.
 *
 * `ceiling`: what a token allows at the most; left out: all that its account may do.
 */
export function rightsIn(
  grants: readonly Grant[],
  tenantId: Id,
  ceiling?: ReadonlySet<Permission>,
): Rights | undefined {
  const reaches = new Map<Permission, Reach>();
  for (const { permissions, scope } of grants) {
    if (scope.kind !== "server" && scope.tenantId !== tenantId) continue;
    for (const permission of permissions) {
      if (ceiling !== undefined && !ceiling.has(permission)) continue;
      if (isServerWide(permission) && scope.kind !== "server") continue;
      extend(reaches, permission, scope);
    }
  }
  return reaches.size === 0 ? undefined : rightsOf(reaches);
}

function extend(reaches: Map<Permission, Reach>, permission: Permission, scope: Scope): void {
  let reach = reaches.get(permission);
  if (reach === undefined) {
    reach = { everywhere: false, sites: new Set(), groups: new Set(), projects: new Set() };
    reaches.set(permission, reach);
  }
  if (scope.kind === "site") reach.sites.add(scope.id);
  else if (scope.kind === "group") reach.groups.add(scope.id);
  else if (scope.kind === "project") reach.projects.add(scope.name);
  else reach.everywhere = true;
}

function rightsOf(reaches: ReadonlyMap<Permission, Reach>): Rights {
  return {
    everywhere: (permission) => reaches.get(permission)?.everywhere ?? false,
    somewhere: (permission) => reaches.has(permission),
    where(permission) {
      const reach = reaches.get(permission);
      return reach === undefined ? NO_PLACES : { sites: [...reach.sites], groups: [...reach.groups] };
    },
    at(permission, { sites, groups, project }) {
      const reach = reaches.get(permission);
      if (reach === undefined) return false;
      return (
        reach.everywhere ||
        sites.some((id) => reach.sites.has(id)) ||
        groups.some((id) => reach.groups.has(id)) ||
        (project !== null && reach.projects.has(project))
      );
    },
  };
}

interface Holder {
  readonly name: string;
  readonly rights: Rights;
}

/** Errors: `forbidden`, unless the permission is held in the whole tenant. */
export function requireEverywhere({ name, rights }: Holder, permission: Permission): void {
  if (!rights.everywhere(permission)) throw forbidden(name, permission, "in the whole tenant");
}

/**
 * Lets pass who holds the permission at the place. Who may not even read there is answered with `hidden` (as if nothing were there), who
 * may read with `forbidden`.
 *
 * Errors: `forbidden`; what `hidden` makes.
 */
export function requireAt(
  { name, rights }: Holder,
  permission: Permission,
  place: Place,
  hidden: () => GantryError,
  read: Permission = "inventory.read",
): void {
  if (rights.at(permission, place)) return;
  if (!rights.at(read, place)) throw hidden();
  throw forbidden(name, permission, "there");
}

export function forbidden(name: string, permission: Permission, where: string): GantryError {
  return new GantryError(FORBIDDEN, `${name} does not hold the permission ${permission} ${where}`);
}
