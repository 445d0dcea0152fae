import { createHash } from "node:crypto";
import type { HardwareProblem, MachineFacts } from "../blueprints/index.ts";
import type { Id } from "../kernel/ids.ts";

/**
 * What came of looking for the foundation that a machine is.
 *
 * - located: it is this one
 * - unmatched: nothing says which it is
 * - ambiguous: it could be several
 * - conflict: it is one that another machine is, or that says it is another machine
 * - unfit: it is not what the foundation's blueprint asks for
 */
export type MachineState = "located" | "unmatched" | "ambiguous" | "conflict" | "unfit";

export const MACHINE_STATES = ["located", "unmatched", "ambiguous", "conflict", "unfit"] as const;

/** By what a machine was recognised, the strongest first. */
export type MatchedBy = "assignment" | "uuid" | "link" | "mac" | "address";

export interface Outcome {
  readonly state: MachineState;
  /** The foundation it is, or would be. */
  readonly foundation: string | null;
  readonly by: MatchedBy | null;
  /** A sentence for people. */
  readonly reason: string;
  /** Of an unfit one: every requirement that is not met. */
  readonly problems: readonly HardwareProblem[];
  /** Of one that is none: the foundation that comes nearest, and why it is not that. */
  readonly nearest: { readonly foundation: string; readonly why: string } | null;
}

export interface Machine {
  readonly id: Id;
  readonly tenantId: Id;
  /** The site it registered at, by name. */
  readonly site: string;
  readonly identity: string;
  readonly facts: MachineFacts;
  readonly outcome: Outcome;
  /** The foundation a person says it is. */
  readonly assigned: string | null;
  /** Epoch milliseconds. */
  readonly registeredAt: number;
  readonly seenAt: number;
}

/** What boards say that were never told who they are. */
const NOBODY =
  /^(|0+|f+|none|n\/?a|not (specified|available|present|set)|unknown|default( string)?|to be filled.*|system serial number|0?123456789|x+|chassis serial.*|oem)$/;

/** A serial or id that tells machines apart; null for what many boards say. */
export function telling(text: string | null): string | null {
  const plain = (text ?? "").trim().toLowerCase();
  return NOBODY.test(plain.replaceAll("-", "")) || NOBODY.test(plain) ? null : plain;
}

/** Uuids that many boards have. */
const COMMON_UUIDS = /^(0{8}|f{8}|03000200-0400-0500-0006|12345678-1234-(1234|5678))/;

/** The uuid of the system, if it tells it apart from others. */
export function systemUuidOf({ system }: Pick<MachineFacts, "system">): string | null {
  return system.uuid === null || COMMON_UUIDS.test(system.uuid) ? null : system.uuid;
}

/**
 * The same for one machine whenever it registers, with other disks or under another system: a hash of what firmware says of it (uuid, vendor,
 * product, serial); of a machine that says nothing of the kind, of its MAC addresses. Null: nothing tells it apart.
 */
export function identityOf(facts: Pick<MachineFacts, "system" | "interfaces">): string | null {
  const { vendor, product } = facts.system;
  const uuid = systemUuidOf(facts);
  const serial = telling(facts.system.serial);
  const macs = facts.interfaces.flatMap(({ mac }) => mac ?? []).sort();
  if (uuid === null && serial === null && macs.length === 0) return null;
  const told = uuid === null && serial === null ? ["mac", ...macs] : ["dmi", uuid, vendor, product, serial];
  return createHash("sha256").update(JSON.stringify(told)).digest("hex");
}
