import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agentEnvironment, checkAddresses, familyOf, type Process } from "./model.ts";

function one(pid: number, parent: number, session = 1): Process {
  return { pid, parent, session, start: String(pid) };
}

describe("which processes belong together", () => {
  test("children of children, and sessions that one of them leads", () => {
    const all = [
      one(1, 0),
      one(10, 1, 10),
      one(11, 10, 10),
      one(12, 11, 12),
      one(13, 1, 12),
      one(20, 1, 20),
      one(21, 20, 1),
    ];
    expect(familyOf(all, new Set([10])).map(({ pid }) => pid)).toEqual([10, 11, 12, 13]);
  });

  test("nobody belongs to a family that is empty", () => {
    expect(familyOf([one(1, 0), one(2, 1)], new Set())).toEqual([]);
  });

  test("everybody in it is a seed, or follows from somebody in it", () => {
    const processes = fc
      .array(fc.record({ parent: fc.nat(12), session: fc.nat(12) }), { maxLength: 12 })
      .map((list) => list.map(({ parent, session }, index) => one(index + 1, parent, session)));
    fc.assert(
      fc.property(processes, fc.uniqueArray(fc.integer({ min: 1, max: 12 })), (all, seeds) => {
        const family = familyOf(all, new Set(seeds));
        const pids = new Set([...family.map(({ pid }) => pid), ...seeds]);
        for (const each of all) {
          const follows = pids.has(each.parent) || pids.has(each.session) || seeds.includes(each.pid);
          expect(family.includes(each)).toBe(follows);
        }
      }),
    );
  });
});

test("an agent gets none of our secrets, and finds node", () => {
  const ours = { PATH: "/bin", LANG: "C", https_proxy: "http://p", GANTRY_TOKEN: "secret", HOME: "/root", LC_ALL: "C" };
  expect(agentEnvironment(ours, { id: "7", home: "/data/web1/root", nodeFolder: "/opt/node/bin" })).toEqual({
    PATH: "/opt/node/bin:/bin",
    LANG: "C",
    LC_ALL: "C",
    https_proxy: "http://p",
    HOME: "/data/web1/root",
    GANTRY_FOUNDATION: "7",
  });
});

test.each(["10.0.0.1", "128.0.0.1", "::1", "web1"])("%s is no address for a local foundation", (address) => {
  expect(() => checkAddresses("web1", ["127.0.0.1", address])).toThrow(
    expect.objectContaining({ code: "local_address_invalid" }),
  );
});
