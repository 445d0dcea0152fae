import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Problem } from "../kernel/errors.ts";

/** What DNS serves: zones of records, and where they are published. Names are whole, in lower case, without a dot at the end. */

export type RecordType = "NS" | "A" | "AAAA" | "CNAME" | "MX" | "PTR" | "SRV" | "TXT";

/** The records of one name and type: DNS knows them only together. */
export interface RecordSet {
  readonly name: string;
  readonly type: RecordType;
  /** Seconds. */
  readonly ttl: number;
  /** Sorted; as in a zone file, with names whole and ending in a dot, texts quoted. */
  readonly values: readonly string[];
}

/** The SOA record but for its serial. Names as everywhere; times in seconds. */
export interface Authority {
  readonly primary: string;
  readonly contact: string;
  readonly ttl: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** A zone as one view sees it. */
export interface RenderedZone {
  readonly name: string;
  /** Null: the same for everybody. */
  readonly view: string | null;
  /** Addresses to names. */
  readonly reverse: boolean;
  /** The zone of ours that delegates to it. */
  readonly parent: string | null;
  readonly authority: Authority;
  /** In canonical order: by name from the root down, then by type. Without the SOA record. */
  readonly sets: readonly RecordSet[];
}

/** Something that was left out of DNS, and why. */
export interface ZoneProblem extends Problem {
  readonly zone: string | null;
}

export interface Rendering {
  /** By name, then by view. */
  readonly zones: readonly RenderedZone[];
  readonly problems: readonly ZoneProblem[];
}

export type TargetKind = "bind" | "nsupdate" | "powerdns";

/** A name server that is told. */
export interface DnsTarget {
  readonly id: Id;
  readonly tenantId: Id;
  readonly name: string;
  readonly kind: TargetKind;
  /** Where it is and with which key, as its kind has it; keys are in files that are named here, never here. */
  readonly settings: JsonObject;
  /** Names of the zones it serves. None: all. */
  readonly zones: readonly string[];
  /** The view it serves, beside zones without views. */
  readonly view: string | null;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * - waiting: to be published, or to be published again after a failure
 * - published: the server has it
 * - removing: the zone is no longer ours; the server is to forget it
 */
export type PublicationState = "waiting" | "published" | "removing";

/** How far one zone has come on one target. */
export interface Publication {
  readonly targetId: Id;
  readonly zone: string;
  /** Empty: the zone has no views. */
  readonly view: string;
  readonly state: PublicationState;
  /** Of what the server has; null when it has nothing of ours yet. */
  readonly serial: number | null;
  readonly contentHash: string | null;
  /** Failed tries since it last went well. */
  readonly attempt: number;
  readonly nextTryAt: number;
  readonly lastError: string | null;
  readonly publishedAt: number | null;
}
