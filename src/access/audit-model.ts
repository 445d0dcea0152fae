import { hash } from "node:crypto";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Principal } from "./model.ts";

/** What was done, by whom, and to what: entries of a chain, in which each carries the hash of the one before. Pure. */

/** The chain of what belongs to no tenant: persons, server-wide role bindings, logins, backups, keys. */
export const SERVER_CHAIN = "server";

/** A chain: that of a tenant, by its id, or `SERVER_CHAIN`. */
export type Chain = Id;

export interface AuditActor {
  /** As of a principal; `anonymous`: nobody proved who they are. */
  readonly kind: Principal["kind"] | "anonymous";
  /** Of the account or the structure. Null: it has none. */
  readonly id: Id | null;
  readonly name: string;
  /** The token it showed. */
  readonly tokenId?: Id;
}

export interface AuditSubject {
  readonly kind: string;
  readonly id: string | null;
  readonly name: string;
}

/** What is to be said of something that is done. */
export interface AuditDraft {
  readonly chain: Chain;
  /** `inventory.changed`, `secret.read`, `login.failed` … */
  readonly action: string;
  readonly subject: AuditSubject;
  /** Never a secret value. */
  readonly data?: JsonObject;
  /** The same as JSON text, where it is at hand; must be what `JSON.stringify` makes. */
  readonly dataText?: string;
  /** Instead of the actor of the transaction. */
  readonly actor?: AuditActor;
}

export interface AuditEntry {
  readonly chain: Chain;
  /** From 1, without gaps. */
  readonly seq: number;
  /** Epoch milliseconds; never before that of the entry before. */
  readonly time: number;
  readonly actor: AuditActor;
  readonly action: string;
  readonly subject: AuditSubject;
  readonly data: JsonObject;
  /** The hash of the entry before, `GENESIS` for the first one. */
  readonly prev: string;
  /** SHA-256 of the entry's line without the hash, in hexadecimal. */
  readonly hash: string;
}

/** What stands before the first entry of a chain. */
export const GENESIS = "0".repeat(64);

/** The entry with its data still as text. */
export interface WrittenEntry extends Omit<AuditEntry, "data" | "hash"> {
  readonly dataText: string;
}

/**
 * The line that is hashed: JSON with its members in this order, and without blanks. The line of an export is the same with the hash as its
 * last member.
 */
export function entryLine({ chain, seq, time, actor, action, subject, dataText, prev }: WrittenEntry): string {
  const token = actor.tokenId === undefined ? "" : `,"tokenId":${JSON.stringify(actor.tokenId)}`;
  const by = `{"kind":${JSON.stringify(actor.kind)},"id":${JSON.stringify(actor.id)},"name":${JSON.stringify(actor.name)}${token}}`;
  const what = `{"kind":${JSON.stringify(subject.kind)},"id":${JSON.stringify(subject.id)},"name":${JSON.stringify(subject.name)}}`;
  return `{"chain":${JSON.stringify(chain)},"seq":${seq},"time":${time},"actor":${by},"action":${JSON.stringify(action)},"subject":${what},"data":${dataText},"prev":"${prev}"}`;
}

/** SHA-256, in hexadecimal. */
export function lineHash(line: string): string {
  return hash("sha256", line, "hex");
}

/** A line of an export: what was hashed, and the hash. */
export function exportLine(line: string, hashed: string): string {
  return `${line.slice(0, -1)},"hash":"${hashed}"}`;
}

const HASH_MEMBER = /,"hash":"([0-9a-f]{64})"\}$/;

/** A line of an export, taken apart. Undefined: it is none. */
export function readExportLine(
  text: string,
): { readonly line: string; readonly hash: string; readonly entry: AuditEntry } | undefined {
  const match = HASH_MEMBER.exec(text);
  if (match === null) return undefined;
  try {
    const entry = JSON.parse(text) as AuditEntry;
    if (typeof entry.chain !== "string" || !Number.isSafeInteger(entry.seq) || typeof entry.prev !== "string")
      return undefined;
    return { line: `${text.slice(0, match.index)}}`, hash: match[1] ?? "", entry };
  } catch {
    return undefined;
  }
}

/** Who a principal is, as entries say it. */
export function actorOf({ kind, name, accountId, structureId, tokenId }: Principal): AuditActor {
  return { kind, id: accountId ?? structureId ?? null, name, ...(tokenId === undefined ? {} : { tokenId }) };
}

/** The program itself: what it does because nobody asked. */
export const SERVER_ACTOR: AuditActor = { kind: "server", id: null, name: "server" };
