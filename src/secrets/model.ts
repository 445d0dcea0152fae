import type { Id } from "../kernel/ids.ts";

/** What a secret may hang on. */
export const OWNER_KINDS = ["tenant", "site", "group", "structure"] as const;
export type OwnerKind = (typeof OWNER_KINDS)[number];

/** What a value is: a text (UTF-8), a text in PEM, or any bytes. */
export const SECRET_KINDS = ["text", "pem", "blob"] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Who has a secret. A tenant's owner has the tenant's own id. */
export interface OwnerKey {
  readonly kind: OwnerKind;
  readonly id: Id;
}

/** What is known of a secret without opening it. */
export interface Secret {
  readonly id: Id;
  readonly tenantId: Id;
  readonly owner: OwnerKey;
  /** Once for each owner. */
  readonly name: string;
  readonly kind: SecretKind;
  /** Bytes of the value. */
  readonly size: number;
  readonly description: string;
  /** Epoch milliseconds; from then on it is not opened. Null: never. */
  readonly expiresAt: number | null;
  /** Which data key of the tenant seals it. */
  readonly generation: number;
  /** Grows with every change somebody makes; sealing it anew is none. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A secret with its value as it is stored. */
export interface SealedSecret extends Secret {
  readonly sealed: Uint8Array;
}

/** A data key of a tenant as it is stored: wrapped by a master key. */
export interface DataKey {
  readonly tenantId: Id;
  /** Counts from 1. The highest one seals; all of them open. */
  readonly generation: number;
  readonly wrapped: Uint8Array;
  readonly masterKeyId: string;
  /** How many values may have been sealed with it at most: nonces are set aside in blocks. */
  readonly reserved: number;
  readonly createdAt: number;
}

/** What is stored of a master key: never the key. */
export interface MasterKeyRecord {
  /** What the key calls itself: for keys that are at hand, made from the key itself. */
  readonly id: string;
  /** Where it was got: `file:/var/lib/gantry/master.key`, `vault-transit:transit/gantry`. */
  readonly source: string;
  /** A known text wrapped by the key: a key that does not give it back is another one. */
  readonly check: Uint8Array;
  readonly current: boolean;
  readonly createdAt: number;
}

/** The largest value, in bytes. */
export const LARGEST_VALUE = 1024 * 1024;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const LONGEST_NAME = 128;

/** What is wrong with the name of a secret; undefined when nothing is. */
export function secretNameProblem(name: string): string | undefined {
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  return NAME.test(name) ? undefined : "must be letters, digits, ., - and _, beginning with a letter or digit";
}

const PEM = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----\r?\n[\s\S]+?\n-----END \1-----\s*$/m;

/** What is wrong with a value of a kind; undefined when nothing is. Says nothing of what is in it. */
export function valueProblem(kind: SecretKind, value: Uint8Array): string | undefined {
  if (value.length === 0) return "is empty";
  if (value.length > LARGEST_VALUE) return `has ${value.length} bytes, and may have ${LARGEST_VALUE}`;
  if (kind === "blob") return undefined;
  const text = textOf(value);
  if (text === undefined) return "is not UTF-8: bytes that are no text are of kind blob";
  return kind === "text" || PEM.test(text)
    ? undefined
    : "is not PEM: it has no line -----BEGIN …----- with the line -----END …----- that belongs to it";
}

/** The bytes as UTF-8; undefined when they are not. */
export function textOf(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}

export function isExpired({ expiresAt }: Pick<Secret, "expiresAt">, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** What a value is bound to, beside its tenant, when it is sealed: it opens nowhere else. */
export function secretContext({ owner, name }: Pick<Secret, "owner" | "name">): readonly string[] {
  return ["secret", owner.kind, owner.id, name];
}
