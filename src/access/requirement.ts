import type { Permission } from "./permissions.ts";

/**
 * How far an endpoint reaches. `tenant`: the permission must hold in the whole tenant. `place`: it must hold somewhere, and the use case
 * asks for each thing by its place.
 */
export type EndpointReach = "tenant" | "place";

/** What an endpoint asks of who calls it; `self`: to be known, no more. */
export interface Requirement {
  readonly permission: Permission | "self";
  readonly reach: EndpointReach;
}

/**
 * For a route: `{ ...needs("inventory.read", "place"), schema: … }`.
 *
 * `tenantParameter`: the parameter of the path that names the tenant; left out, the header `Gantry-Tenant` does.
 */
export function needs(
  permission: Permission | "self",
  reach: EndpointReach = "tenant",
  tenantParameter?: string,
): { readonly config: Requirement & { readonly tenantParameter?: string } } {
  return { config: { permission, reach, ...(tenantParameter !== undefined && { tenantParameter }) } };
}
