import { GENESIS, lineHash } from "./audit-model.ts";

/** Whether a chain is whole, entry by entry, in memory that does not grow with it. Pure. */

/** A place in a chain. */
export interface AuditPlace {
  readonly seq: number;
  readonly hash: string;
}

/** What is wrong with a chain: the first thing that is. */
export interface AuditDamage {
  /** The first entry that is not what was written, or not there. */
  readonly seq: number;
  /**
   * - changed: it is not what its hash was made of
   * - missing: it is not there
   * - rewritten: it holds together with its hash, but not with the entry before or with what is known of it from elsewhere
   */
  readonly kind: "changed" | "missing" | "rewritten";
  readonly message: string;
}

export interface AuditVerdict {
  /** Entries that were looked at and found whole. */
  readonly entries: number;
  /** The last of them. */
  readonly last: AuditPlace;
  /** Null: all is as it was written. */
  readonly damage: AuditDamage | null;
}

/** An entry as it is kept: the line that was hashed, and what its columns say. */
export interface KeptEntry extends AuditPlace {
  readonly line: string;
  readonly prev: string;
}

export interface AuditWalk {
  /** Looks at the next entry. False: enough is known. */
  next(entry: KeptEntry): boolean;
  /** What was found, once all were looked at. `head`: where the chain ends, as it is kept beside it. */
  end(head?: AuditPlace): AuditVerdict;
}

/**
 * Walks a chain from its first entry, or, in a part of one, behind `from`. `known`: a place that was written down elsewhere (`gantry audit
 * head`): it also tells a chain that was cut off or written anew as a whole.
 */
export function walkAudit(known?: AuditPlace, from: AuditPlace = { seq: 0, hash: GENESIS }): AuditWalk {
  let last = from;
  let entries = 0;
  let damage: AuditDamage | null = null;

  if (known !== undefined && from.seq > 0 && known.seq === from.seq && known.hash !== from.hash)
    damage = {
      seq: from.seq + 1,
      kind: "rewritten",
      message: `entry ${from.seq + 1} does not follow entry ${from.seq} that was written down`,
    };

  function found(seq: number, kind: AuditDamage["kind"], message: string): false {
    damage = { seq, kind, message };
    return false;
  }

  return {
    next({ seq, hash, line, prev }) {
      const expected = last.seq + 1;
      if (seq > expected)
        return found(
          expected,
          "missing",
          `entry ${expected} is missing${seq > expected + 1 ? `, and all up to ${seq}` : ""}`,
        );
      if (seq < expected) return found(seq, "rewritten", `entry ${seq} comes behind entry ${last.seq}`);
      if (lineHash(line) !== hash) return found(seq, "changed", `entry ${seq} was changed: it does not have its hash`);
      if (prev !== last.hash)
        return found(
          seq,
          "rewritten",
          seq === 1
            ? "entry 1 does not begin the chain"
            : `entry ${seq} does not follow entry ${seq - 1}: one of them was written anew`,
        );
      if (known?.seq === seq && known.hash !== hash)
        return found(
          seq,
          "rewritten",
          `entry ${seq} is another one than the one that was written down: the chain was written anew`,
        );
      last = { seq, hash };
      entries += 1;
      return true;
    },
    end(head) {
      if (damage === null && head !== undefined && head.seq > last.seq)
        found(last.seq + 1, "missing", `entry ${last.seq + 1} is missing: the chain went up to ${head.seq}`);
      else if (damage === null && head !== undefined && (head.seq !== last.seq || head.hash !== last.hash))
        found(
          last.seq,
          "rewritten",
          `the chain ends with entry ${last.seq}, which is not the one that was written last`,
        );
      if (damage === null && known !== undefined && known.seq > last.seq)
        found(last.seq + 1, "missing", `entry ${last.seq + 1} is missing: entry ${known.seq} was written down`);
      return { entries, last, damage };
    },
  };
}
