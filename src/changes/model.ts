import type { Bundle } from "../design/index.ts";
import type { Kind } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What a change set is: changes that are proposed, talked about, approved by somebody else, and made together. */

/** One thing of the inventory, as it was when it was read and as it should be. */
export interface Change {
  readonly kind: Kind;
  readonly name: string;
  /** Null: it was not there. */
  readonly before: JsonObject | null;
  /** Null: it should be gone. */
  readonly after: JsonObject | null;
}

/** What is proposed: changes of single things, or that a design be applied. */
export type Content =
  | { readonly kind: "changes"; readonly changes: readonly Change[] }
  | {
      readonly kind: "design";
      readonly name: string;
      /** Null: the design is to be taken down. */
      readonly documents: Bundle | null;
      /** The documents it was applied with before; null: it was not there. */
      readonly before: Bundle | null;
      /** Of the plan that was shown. */
      readonly fingerprint: string;
      readonly plan: string;
      /** For each place it touches, the names of its sites, root first. */
      readonly chains: readonly (readonly string[])[];
    };

/** Who did something, so that one person is known again however they came. */
export interface Author {
  /** The id of an account; `administrator` for the owner of the server. */
  readonly key: string;
  readonly name: string;
}

/**
 * - open: it can be talked about, changed, approved, applied
 * - applied: it was made
 * - closed: it was given up
 */
export type ChangeSetState = "open" | "applied" | "closed";

export interface ChangeSet {
  readonly id: Id;
  readonly tenantId: Id;
  /** Counts from 1 in each tenant. */
  readonly number: number;
  readonly title: string;
  readonly description: string;
  readonly state: ChangeSetState;
  readonly content: Content;
  /** SHA-256 of what would be changed: approvals are of this, and lapse when it changes. */
  readonly digest: string;
  readonly author: Author;
  /** Who gave it its content last: may not approve it either. */
  readonly contentBy: Author;
  /** The number of the change set that this one takes back. */
  readonly reverts: number | null;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Who applied or closed it, and when. */
  readonly endedBy: Author | null;
  readonly endedAt: number | null;
}

export interface Comment {
  readonly id: Id;
  readonly author: Author;
  readonly text: string;
  readonly createdAt: number;
}

export interface Vote {
  readonly author: Author;
  readonly vote: "approve" | "reject";
  /** Of what was approved or rejected. */
  readonly digest: string;
  /** The keys of the changes that it counts for: where its author may approve. */
  readonly covers: readonly string[];
  readonly createdAt: number;
}

/** What a tenant or a site asks of changes to what is there. The rule of the nearest site counts, else that of the tenant. */
export interface ChangeRule {
  /** Null: the whole tenant. */
  readonly site: string | null;
  /** How many people besides the author must approve. */
  readonly approvals: number;
  /** Whether changes may be made without a change set. */
  readonly direct: boolean;
}

/** Where there is no rule. */
export const DEFAULT_RULE: ChangeRule = { site: null, approvals: 1, direct: true };

/** One member of a thing that would be changed. */
export interface MemberChange {
  /** `variables.ports.http`; empty: the whole thing. */
  readonly path: string;
  /** Undefined: it is not there. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The same member was changed here and there, and not to the same. */
export interface Conflict {
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  readonly before: Json | undefined;
  /** As the change set wants it. */
  readonly proposed: Json | undefined;
  /** As it is now. */
  readonly now: Json | undefined;
}

/** Names a change in votes and rules. */
export function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}
