import type { Id } from "../kernel/ids.ts";
import type { Amounts } from "./model.ts";

/** On which member of a complex a foundation is placed. Pure. */

/** Counts the foundations on a member, among the amounts of a capacity. */
export const FOUNDATIONS = "foundations";

export interface Placement {
  /** The least loaded member with room, which then has it. Undefined: none has room. */
  place(size: Amounts): Id | undefined;
  /** Puts something where it is already. */
  occupy(member: Id, size: Amounts): void;
}

interface Member {
  readonly id: Id;
  readonly name: string;
  readonly used: Map<string, number>;
}

/**
 * @param capacity of each member; an amount that is not named is not limited
 * @param members that may be placed on
 */
export function createPlacement(
  capacity: Amounts,
  members: readonly { readonly id: Id; readonly name: string }[],
): Placement {
  const limits = Object.entries(capacity);
  const all = members
    .map(({ id, name }): Member => ({ id, name, used: new Map() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const byId = new Map(all.map((one) => [one.id, one]));

  function fits({ used }: Member, size: Amounts): boolean {
    return limits.every(([name, most]) => (used.get(name) ?? 0) + amountOf(size, name) <= most);
  }

  /** The fullest of what is limited, from 0 to 1, as it would be. */
  function loadWith({ used }: Member, size: Amounts): number {
    let load = 0;
    for (const [name, most] of limits)
      if (most > 0) load = Math.max(load, ((used.get(name) ?? 0) + amountOf(size, name)) / most);
    return load;
  }

  function occupy(member: Member, size: Amounts): void {
    for (const name of new Set([FOUNDATIONS, ...Object.keys(capacity)]))
      member.used.set(name, (member.used.get(name) ?? 0) + amountOf(size, name));
  }

  return {
    place(size) {
      let best: { readonly member: Member; readonly load: number; readonly count: number } | undefined;
      for (const member of all) {
        if (!fits(member, size)) continue;
        const [load, count] = [loadWith(member, size), member.used.get(FOUNDATIONS) ?? 0];
        if (best === undefined || load < best.load || (load === best.load && count < best.count))
          best = { member, load, count };
      }
      if (best === undefined) return undefined;
      occupy(best.member, size);
      return best.member.id;
    },
    occupy(id, size) {
      const member = byId.get(id);
      if (member !== undefined) occupy(member, size);
    },
  };
}

function amountOf(size: Amounts, name: string): number {
  return name === FOUNDATIONS ? 1 : (size[name] ?? 0);
}
