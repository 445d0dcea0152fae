import { expect, it } from "vitest";
import { changesBetween, heldBy } from "./history.ts";

it("tells changes member by member, in objects key by key, lists as a whole", () => {
  const before = { version: 1, role: "web", variables: { a: 1, deep: { x: 1, y: [1] }, "a.b": true }, groups: ["g"] };
  const after = {
    version: 2,
    role: "web",
    variables: { a: 2, deep: { x: 1, y: [1, 2] }, new: { z: null } },
    groups: [],
  };
  expect(changesBetween(before, after)).toEqual([
    { path: "variables.a", before: 1, after: 2 },
    { path: "variables.deep.y", before: [1], after: [1, 2] },
    { path: String.raw`variables.a\.b`, before: true },
    { path: "variables.new.z", after: null },
    { path: "groups", before: ["g"], after: [] },
  ]);
});

it("tells an object that becomes something else as a whole", () => {
  expect(changesBetween({ a: { b: 1 } }, { a: 3 })).toEqual([{ path: "a", before: { b: 1 }, after: 3 }]);
  expect(changesBetween({ a: null }, { a: { b: 1 } })).toEqual([{ path: "a", before: null, after: { b: 1 } }]);
});

it("leaves out what is empty of what was created or removed", () => {
  const row = {
    id: "1",
    version: 1,
    name: "a",
    role: null,
    labels: {},
    groups: [],
    stale: false,
    mtu: 0,
    fields: { x: "" },
  };
  expect(heldBy(row, "after")).toEqual([
    { path: "name", after: "a" },
    { path: "mtu", after: 0 },
    { path: "fields.x", after: "" },
  ]);
  expect(heldBy(row, "before")[0]).toEqual({ path: "name", before: "a" });
});
