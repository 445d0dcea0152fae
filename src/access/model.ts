import type { Id } from "../kernel/ids.ts";
import { ALL_RIGHTS, type Rights } from "./policy.ts";

/** The tenant that is there from the beginning, and is meant where none is named. Every row belongs to a tenant. */
export const DEFAULT_TENANT: { readonly id: Id; readonly name: string } = {
  id: "00000000-0000-7000-8000-000000000000",
  name: "default",
};

/** Who acts, in one tenant. */
export interface Principal {
  /**
   * `administrator`: the owner of the server, by the token in the data folder or the socket. `person`, `service`: an account.
   * `structure`: a structure with a token of its own, at the few endpoints that are open to it. `machine`: one that boots, by its key.
   * `server`: the program itself.
   */
  readonly kind: "administrator" | "person" | "service" | "structure" | "machine" | "server";
  /** For events and the audit: `administrator (token)`, `administrator (socket)`, `structure web1`, the name of an account. */
  readonly name: string;
  readonly tenantId: Id;
  /** What it may do in this tenant. */
  readonly rights: Rights;
  /** What it may do in a tenant; undefined: the tenant is hidden from it. */
  readonly rightsIn: (tenantId: Id) => Rights | undefined;
  /** Of an account. */
  readonly accountId?: Id;
  /** The structure whose token it is. */
  readonly structureId?: Id;
  /** The token it showed: what goes on for long asks whether it is still good. */
  readonly tokenId?: Id;
}

/** Who somebody is, whichever of his tokens he shows: the id of his account or structure; of others, what they are. */
export function actorKey({ kind, accountId, structureId }: Principal): string {
  return accountId ?? structureId ?? kind;
}

const EVERYTHING = { rights: ALL_RIGHTS, rightsIn: (): Rights => ALL_RIGHTS } as const;

/** The owner of the server. */
export function administratorPrincipal(by: "token" | "socket", tenantId: Id = DEFAULT_TENANT.id): Principal {
  return { kind: "administrator", name: `administrator (${by})`, tenantId, ...EVERYTHING };
}

/** The program itself: what it does by itself, and not because somebody asked. */
export function serverPrincipal(tenantId: Id): Principal {
  return { kind: "server", name: "server", tenantId, ...EVERYTHING };
}
