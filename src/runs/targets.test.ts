import { describe, expect, it } from "vitest";
import { createMatching } from "./expression.ts";
import { chooseNodes, createChooser, MOST_FORMS, type TargetWorld } from "./targets.ts";

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
  matching: (expression, names) => createMatching()(expression, names),
};

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
  ])("%j are %j", (targets, names) => {
    expect(chooseNodes(targets, world)).toEqual(names);
  });

  it.each([
    ["wbe1", "there is no node 'wbe1'; did you mean 'web1'?"],
    ["group:wep", "there is no group 'wep'; did you mean 'web'?"],
    ["site:labb", "there is no site 'labb'; did you mean 'lab'?"],
    ["blueprint:ngins", "there is no blueprint 'ngins'; did you mean 'nginx'?"],
    ["/(/", "/(/: /(/u: Unterminated group"],
    ["label:=x", "'label:=x' names no label"],
  ])("%s is refused", (target, message) => {
    expect(() => chooseNodes([target], world)).toThrow(message);
  });

  it("are not looked for longer than a moment", () => {
    const slow = { ...world, nodes: [{ ...none, name: `${"a".repeat(60)}!` }] };
    expect(() => chooseNodes(["/^(a+)+$/"], slow)).toThrow("takes too long to be looked for");
  });

  it("share that moment among all expressions of a run", () => {
    const slow = { ...world, nodes: [{ ...none, name: `${"a".repeat(60)}!` }], matching: createMatching() };
    expect(() => chooseNodes(["/^(a+)+$/"], slow)).toThrow("takes too long");
    // Alone it would have had the time.
    expect(() => chooseNodes([`/${"(a|a)*".repeat(2)}$|(a?){18}a{42}!$/`], slow)).toThrow("takes too long");
  });

  it("are not more forms than a server can look at, however they are spread over entries", () => {
    const choose = createChooser(world);
    for (let number = 0; number < MOST_FORMS; number += 1) choose([`label:k=${number}`]);
    expect(choose(["label:k=7", "web1"])).toEqual(["web1"]);
    expect(() => choose(["label:k=one-more"])).toThrow("more than 1000 different targets");
  });
});
