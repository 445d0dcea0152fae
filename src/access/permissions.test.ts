import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BUILT_IN_ROLES, PERMISSIONS } from "./permissions.ts";

describe("the built-in roles", () => {
  it("hold what docs/access.md says", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/access.md"), "utf8");
    const rows = [...text.matchAll(/^\| `([a-z]+\.[a-z]+)` \| ([a-z ]+) \|/gm)].map(([, name, roles]) => [name, roles]);
    const held = PERMISSIONS.map((one) => [
      one,
      Object.entries(BUILT_IN_ROLES)
        .filter(([, permissions]) => permissions.includes(one))
        .map(([name]) => name)
        .join(" "),
    ]);
    expect(rows).toEqual(held);
  });

  it("hold each what the one before it holds", () => {
    const { viewer, operator, designer, admin } = BUILT_IN_ROLES;
    for (const [less, more] of [
      [viewer, operator],
      [operator, designer],
      [designer, admin],
    ] as const)
      expect(less.filter((one) => !more.includes(one))).toEqual([]);
    expect(admin).toEqual(PERMISSIONS);
  });
});
