import { describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { matchesIn } from "./expression.ts";
import { createChooser, expressionsIn, MOST_FORMS, type TargetWorld } from "./targets.ts";

const none = { groups: [], sites: [], labels: {}, blueprints: [] };
const world: TargetWorld = {
  nodes: [
    { ...none, name: "db1", groups: ["db", "all"], sites: ["rack1", "lab"], labels: { tier: "gold" } },
    { ...none, name: "web1", groups: ["web", "all"], sites: ["rack2", "lab"], blueprints: ["nginx", "base"] },
    { ...none, name: "web2", groups: ["web", "all"], sites: ["lab"], labels: { tier: "silver" }, blueprints: ["base"] },
    { ...none, name: "group:odd" },
  ],
  groups: ["db", "web", "all", "empty"],
  sites: ["lab", "rack1", "rack2"],
  blueprints: ["nginx", "base"],
  variables: (question) => (node) => question === "os.family=debian" && node === "web2",
  matching: new Map(),
};

/** As the service does it. */
async function choose(targets: readonly string[], there = world): Promise<readonly string[]> {
  const names = there.nodes.map(({ name }) => name);
  return createChooser({ ...there, matching: await matchesIn([targets], names, systemClock) })(targets);
}

describe("targets", () => {
  it.each([
    [["web1"], ["web1"]],
    [["group:web"], ["web1", "web2"]],
    [["group:empty"], []],
    [["site:lab"], ["db1", "web1", "web2"]],
    [["label:tier=gold"], ["db1"]],
    [["label:tier"], ["db1", "web2"]],
    [["blueprint:base"], ["web1", "web2"]],
    [["vars:os.family=debian"], ["web2"]],
    [["/^web\\d$/"], ["web1", "web2"]],
    [["!group:web"], ["db1", "group:odd"]],
    [
      ["web2", "db1", "web2"],
      ["web2", "db1"],
    ],
    [
      ["site:lab", "!/1$/", "db1"],
      ["web2", "db1"],
    ],
    [["group:odd"], ["group:odd"]],
    [[], ["db1", "web1", "web2", "group:odd"]],
  ])("%j are %j", async (targets, names) => {
    expect(await choose(targets)).toEqual(names);
  });

  it.each([
    ["wbe1", "there is no node 'wbe1'; did you mean 'web1'?"],
    ["group:wep", "there is no group 'wep'; did you mean 'web'?"],
    ["site:labb", "there is no site 'labb'; did you mean 'lab'?"],
    ["blueprint:ngins", "there is no blueprint 'ngins'; did you mean 'nginx'?"],
    ["/(/", "/(/: /(/u: Unterminated group"],
    ["label:=x", "'label:=x' names no label"],
  ])("%s is refused", async (target, message) => {
    await expect(choose([target])).rejects.toThrow(message);
  });

  it("that take for ever to look for are refused", async () => {
    const slow = { ...world, nodes: [{ ...none, name: `${"a".repeat(60)}!` }] };
    const quick = { ...systemClock, after: (_: number, then: () => void) => systemClock.after(1, then) };
    const looking = matchesIn([["/^(a+)+$/", "!/^b/"]], [slow.nodes[0]!.name], quick);
    await expect(looking).rejects.toMatchObject({ code: "pattern_too_slow" });
  });

  it("are not more forms than a server can look at, however they are spread over entries", () => {
    const choose = createChooser(world);
    for (let number = 0; number < MOST_FORMS; number += 1) choose([`label:k=${number}`]);
    expect(choose(["label:k=7", "web1"])).toEqual(["web1"]);
    expect(() => choose(["label:k=one-more"])).toThrow("more than 1000 different targets");
    const expressions = Array.from({ length: MOST_FORMS + 1 }, (_, number) => `/${number}/`);
    expect(() => expressionsIn([expressions])).toThrow("more than 1000 different targets");
  });
});
