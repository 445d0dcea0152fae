import { describe, expect, it } from "vitest";
import type { ChangeRule, Vote } from "./model.ts";
import { mayBeDirect, ruleFor, verdict } from "./rules.ts";

const tenant: ChangeRule = { site: null, approvals: 1, direct: true };
const plant: ChangeRule = { site: "plant", approvals: 2, direct: false };
const lab: ChangeRule = { site: "lab", approvals: 0, direct: true };
const rules = [tenant, plant, lab];

const alice = { key: "a", name: "alice" };
const bob = { key: "b", name: "bob" };
const carol = { key: "c", name: "carol" };
const vote = (author: Vote["author"], more: Partial<Vote> = {}): Vote => ({
  author,
  vote: "approve",
  digest: "d",
  covers: ["structure web1"],
  createdAt: 1,
  ...more,
});
const set = { digest: "d", author: alice, contentBy: alice };
const web1 = { key: "structure web1", chains: [["plant"]] };

describe("the rule that counts", () => {
  it("is that of the nearest site, else that of the tenant, else one approval", () => {
    expect(ruleFor(rules, ["region", "plant", "lab"])).toBe(lab);
    expect(ruleFor(rules, ["region", "plant", "rack"])).toBe(plant);
    expect(ruleFor(rules, ["region"])).toBe(tenant);
    expect(ruleFor([], ["region"])).toEqual({ site: null, approvals: 1, direct: true });
  });

  it("is the strictest of all places that are touched", () => {
    expect(mayBeDirect(rules, [["plant", "lab"], ["region"]])).toBe(true);
    expect(mayBeDirect(rules, [["plant", "lab"], ["plant"]])).toBe(false);
    const moved = { key: "structure web1", chains: [["plant", "lab"], ["plant"]] };
    expect(verdict(rules, [moved], [], set).lacking).toEqual([{ key: "structure web1", needs: 2, has: 0 }]);
  });
});

describe("what votes come to", () => {
  it("counts people besides the author, each once, for what they may approve", () => {
    expect(verdict(rules, [web1], [vote(bob)], set).lacking).toEqual([{ key: "structure web1", needs: 2, has: 1 }]);
    expect(verdict(rules, [web1], [vote(bob), vote(carol)], set).lacking).toEqual([]);
    expect(verdict(rules, [web1], [vote(bob), vote(carol, { covers: ["site lab"] })], set).lacking).toHaveLength(1);
  });

  it.each([
    ["the author's own", vote(alice)],
    ["of other content", vote(bob, { digest: "old" })],
    ["of who gave it its content", vote(bob), { ...set, contentBy: bob }],
  ])("does not count a vote: %s", (_what, cast, of = set) => {
    expect(verdict([tenant], [{ ...web1, chains: [] }], [cast], of).approvals).toEqual([]);
  });

  it("shows rejections of what it is now", () => {
    const found = verdict(
      rules,
      [web1],
      [vote(bob, { vote: "reject" }), vote(carol, { vote: "reject", digest: "x" })],
      set,
    );
    expect(found.rejections.map(({ author }) => author.name)).toEqual(["bob"]);
  });
});
