import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, parseAddress, parseRange } from "../network/index.ts";
import { allocateFor, blockCounts, holdings, openBlock, sitesTouch } from "./allocation.ts";
import type { HeldAddress, Snapshot, Structure } from "./model.ts";
import { addressBlock, emptySnapshot, site, structure } from "./testing.ts";

const recorded = { blueprint: null, foundation: null } as const;

function world(rows: readonly Structure[]): Snapshot {
  return emptySnapshot({
    sites: new Map([
      ["lab", site("lab")],
      ["rack", site("rack", { parent: "lab" })],
      ["other", site("other", { parent: "lab" })],
    ]),
    structures: new Map(rows.map((row) => [row.name, row])),
  });
}

describe("giving out addresses", () => {
  it("never gives what is kept or somebody's, lowest first, until the counted ones are gone", () => {
    const range = fc.tuple(fc.integer({ min: 2, max: 28 }), fc.nat(6));
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.option(range, { nil: undefined }),
        fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
        (ipv6, dynamic, taken) => {
          const text = (offset: number): string => (ipv6 ? `fd00::${offset.toString(16)}` : `10.0.0.${offset}`);
          const block = addressBlock("block", {
            subnet: ipv6 ? "fd00::/123" : "10.0.0.0/27",
            gateway: text(1),
            dynamic:
              dynamic === undefined ? [] : [`${text(dynamic[0])}-${text(Math.min(30, dynamic[0] + dynamic[1]))}`],
          });
          const kept = block.dynamic.map(parseRange);
          const others = taken.filter((offset) => offset !== 1);
          const holder = structure("holder", {
            ...recorded,
            addresses: others.map((offset) => ({ block: "block", address: text(offset) })),
          });
          const had: HeldAddress[] = [];
          const now = (): Snapshot => world([holder, structure("taker", { ...recorded, addresses: had })]);
          const count = (): bigint => blockCounts(openBlock(block), holdings(now(), "block")).free;
          const given: bigint[] = [];
          const taker = structure("taker", recorded);
          for (let free = count(); free > 0n; free -= 1n) {
            expect(count()).toBe(free);
            const addresses = allocateFor(now(), block, taker, {});
            had.push(...addresses);
            given.push(...addresses.map(({ address }) => parseAddress(address)));
          }
          expect(() => allocateFor(now(), block, taker, {})).toThrow("is full");
          expect(given).toEqual([...new Set(given)].sort((a, b) => (a < b ? -1 : 1)));
          const somebodys = new Set([1, ...others].map((offset) => parseAddress(text(offset))));
          for (const address of given) {
            expect(somebodys.has(address)).toBe(false);
            expect(kept.some((one) => isWithin(address, one))).toBe(false);
          }
        },
      ),
    );
  });

  it("is for sites on one line of the tree", () => {
    const { sites } = world([]);
    expect(sitesTouch({ sites }, "rack", "lab")).toBe(true);
    expect(sitesTouch({ sites }, "lab", "rack")).toBe(true);
    expect(sitesTouch({ sites }, "rack", "other")).toBe(false);
  });
});
