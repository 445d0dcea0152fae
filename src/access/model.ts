import type { Id } from "../kernel/ids.ts";

/** The one tenant of this version. Every row belongs to a tenant. */
export const DEFAULT_TENANT: { readonly id: Id; readonly name: string } = {
  id: "00000000-0000-7000-8000-000000000000",
  name: "default",
};

/** Who acts. */
export interface Principal {
  /** `structure`: a structure with a token of its own, at the few endpoints that are open to it. */
  readonly kind: "administrator" | "structure";
  /** For events and the audit: `administrator (token)`, `administrator (socket)`, `structure web1`. */
  readonly name: string;
  readonly tenantId: Id;
  /** The structure whose token it is. */
  readonly structureId?: Id;
  /** The token it showed: what goes on for long asks whether it is still good. */
  readonly tokenId?: Id;
}
