import type { Id } from "../kernel/ids.ts";
import { NOWHERE, type Place, type Scope } from "./policy.ts";

/** Sites and groups, as whoever keeps them knows them. */
export interface Places {
  /** The id of a site or group, by id or name. */
  find(tenantId: Id, kind: "site" | "group", idOrName: string): Promise<Id | undefined>;
  /** How things stand now in a tenant. */
  in(tenantId: Id): Promise<PlacesOfTenant>;
}

export interface PlacesOfTenant {
  /** Undefined: it is gone. */
  name(kind: "site" | "group", id: Id): string | undefined;
  /** The site with those above it, the group with all it is in. */
  place(kind: "site" | "group", id: Id): Place;
}

/** Where a scope is, for asking whether somebody's rights reach all of it. Undefined: only rights in the whole tenant do. */
export function placeOfScope(scope: Scope, places: PlacesOfTenant): Place | undefined {
  if (scope.kind === "site" || scope.kind === "group") return places.place(scope.kind, scope.id);
  return scope.kind === "project" ? { ...NOWHERE, project: scope.name } : undefined;
}
