import type { JsonObject } from "../kernel/json.ts";

/** Where something is known in another system: an asset database, a ticket. */
export interface AssetReference {
  /** `servicenow`, `netbox`: the other system. */
  readonly system: string;
  /** What the other system calls it. */
  readonly id: string;
  readonly url: string | null;
}

/** What can be said of anything in the inventory beside what it is. */
export interface Described {
  readonly labels: Readonly<Record<string, string>>;
  readonly assets: readonly AssetReference[];
  /** Custom fields, checked by the tenant's JSON Schema for the kind, if there is one. */
  readonly fields: JsonObject;
}

/** Nothing said. */
export const UNDESCRIBED: Described = { labels: {}, assets: [], fields: {} };
