import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPlacement } from "./placement.ts";

const amounts = fc.record({ memory: fc.nat(8), cpus: fc.nat(4) });
const world = fc.record({
  members: fc.integer({ min: 1, max: 6 }),
  capacity: fc.record({ memory: fc.nat(20), cpus: fc.nat(12), foundations: fc.nat(5) }, { requiredKeys: [] }),
  asked: fc.array(amounts, { maxLength: 40 }),
});

function placed(one: typeof world extends fc.Arbitrary<infer World> ? World : never): (string | undefined)[] {
  const members = Array.from({ length: one.members }, (_, at) => ({ id: `m${at}`, name: `m${at}` }));
  const placement = createPlacement(one.capacity, members.toReversed());
  return one.asked.map((size) => placement.place(size));
}

describe("placing foundations on the members of a complex", () => {
  it("never takes more than there is, refuses only what fits nowhere, and does the same again", () => {
    fc.assert(
      fc.property(world, (one) => {
        const where = placed(one);
        expect(placed(one)).toEqual(where);
        const used = new Map<string, { memory: number; cpus: number; foundations: number }>();
        const none = { memory: 0, cpus: 0, foundations: 0 };
        for (const [at, member] of where.entries()) {
          const size = one.asked[at]!;
          const over = (name: string): boolean => {
            const before = used.get(name) ?? none;
            return Object.entries(one.capacity).some(([key, most]) => {
              const more = key === "foundations" ? 1 : size[key as "memory"];
              return before[key as "memory"] + more > most!;
            });
          };
          if (member === undefined) {
            for (let index = 0; index < one.members; index += 1) expect(over(`m${index}`)).toBe(true);
            continue;
          }
          expect(over(member)).toBe(false);
          const { memory, cpus, foundations } = used.get(member) ?? none;
          used.set(member, { memory: memory + size.memory, cpus: cpus + size.cpus, foundations: foundations + 1 });
        }
      }),
    );
  });

  it("spreads what is alike: no member has two more than another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(30), fc.boolean(), (members, count, limited) => {
        const asked = Array.from({ length: count }, () => ({ memory: 1, cpus: 0 }));
        const where = placed({ members, asked, capacity: limited ? { memory: 100 } : {} });
        const counts = Array.from({ length: members }, (_, at) => where.filter((name) => name === `m${at}`).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
