import type { Id } from "../kernel/ids.ts";
import type { Permission } from "./permissions.ts";
import type { Scope } from "./policy.ts";

/** People and service accounts, what opens the door to them, and what they may do. Types and rules of names; pure. */

export const ACCOUNT_KINDS = ["person", "service"] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** Who proves that somebody is the person: we, by a password, or a directory. */
export const ACCOUNT_SOURCES = ["local", "ldap", "oidc"] as const;
export type AccountSource = (typeof ACCOUNT_SOURCES)[number];

export interface Account {
  readonly id: Id;
  readonly kind: AccountKind;
  /** Unique among people; among the service accounts of a tenant, and no person's. */
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  /** Of a service account. Null: a person, who belongs to the whole server. */
  readonly tenantId: Id | null;
  readonly source: AccountSource;
  /** What the directory calls the person: never used again for somebody else. */
  readonly externalId: string | null;
  /** Groups of the directory, as it named them at the last login. */
  readonly directoryGroups: readonly string[];
  /** Epoch milliseconds. Null: it may be used. */
  readonly disabledAt: number | null;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A token as it is kept: what recognises it, never what opens. */
export interface AccountToken {
  readonly id: Id;
  readonly accountId: Id;
  readonly name: string;
  /** `session`: made by a login. It stands for the person as who logged in. */
  readonly kind: "personal" | "session";
  /** What it allows at the most. Null: all that its account may do. */
  readonly permissions: readonly Permission[] | null;
  /** It opens this tenant alone. Null: all its account has rights in. */
  readonly tenantId: Id | null;
  readonly expiresAt: number;
  /** To the minute. */
  readonly lastUsedAt: number | null;
  readonly createdAt: number;
}

/** A custom role of a tenant. */
export interface Role {
  readonly id: Id;
  readonly tenantId: Id;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Who holds a role: an account, or whoever is in a group of the directory. */
export type Subject =
  | { readonly kind: "account"; readonly accountId: Id }
  | { readonly kind: "directory_group"; readonly name: string };

export interface RoleBinding {
  readonly id: Id;
  readonly subject: Subject;
  /** A built-in role, or one of the scope's tenant. */
  readonly role: string;
  readonly scope: Scope;
  readonly createdAt: number;
}

const LONGEST_NAME = 128;

/** What is wrong with the name of an account; undefined when nothing is. */
export function accountNameProblem(name: string): string | undefined {
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  // Accounts are named by id or name: a name must never be somebody else's id.
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/i.test(name)) return "looks like an id";
  return /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/.test(name)
    ? undefined
    : "must be letters, digits, and . _ @ + -, beginning with a letter or digit";
}

/** Who is told to have done something without being an account. */
const OURS: ReadonlySet<string> = new Set(["administrator", "anonymous", "server"]);

/** What is wrong with the name of an account that is made here; a directory may call people as it likes. */
export function newAccountNameProblem(name: string): string | undefined {
  return OURS.has(name.toLowerCase())
    ? "stands for the server itself in events and in the audit"
    : accountNameProblem(name);
}

/** What is wrong with the name of a role; undefined when nothing is. */
export function roleNameProblem(name: string): string | undefined {
  if (name.length > 63) return "is longer than 63 characters";
  return /^[a-z0-9][a-z0-9_-]*$/.test(name)
    ? undefined
    : "must be lower-case letters, digits, - and _, beginning with a letter or digit";
}
