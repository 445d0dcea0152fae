import type { Id } from "../kernel/ids.ts";

/** The one tenant of this version. Every row belongs to a tenant. */
export const DEFAULT_TENANT: { readonly id: Id; readonly name: string } = {
  id: "00000000-0000-7000-8000-000000000000",
  name: "default",
};

/** Who acts. */
export interface Principal {
  readonly kind: "administrator";
  /** For events and the audit: `administrator (token)`, `administrator (socket)`. */
  readonly name: string;
  readonly tenantId: Id;
}
