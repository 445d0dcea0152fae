import type { Place } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { OwnerKey, OwnerKind } from "./model.ts";

/** Somebody who may have secrets. */
export interface SecretOwner extends OwnerKey {
  readonly name: string;
  /** Where it is, as far as rights go by it. */
  readonly place: Place;
}

/** Who there is in a tenant at one moment. */
export interface OwnerDirectory {
  /** Undefined: there is none, or no more. */
  byKey(key: OwnerKey): SecretOwner | undefined;
  named(kind: OwnerKind, idOrName: string): SecretOwner | undefined;
}

/** The port by which secrets know their owners: whoever keeps these fills it. */
export interface SecretOwners {
  of(tenantId: Id): Promise<OwnerDirectory>;
}
