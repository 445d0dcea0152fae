import { expect, it } from "vitest";
import { blueprint, emptySnapshot, foundation, site } from "../inventory/testing.ts";
import { secretMarks } from "./secret-marks.ts";

const attributes = { password: { $secret: "bmc" } };
const rows = [
  foundation("container", { type: "docker", attributes }),
  foundation("rack1", { type: "ipmi", attributes, locatedAt: 1 }),
];
const snapshot = emptySnapshot({
  sites: new Map([["lab", site("lab")]]),
  blueprints: new Map([["machine", blueprint("machine", { builds: "foundation" })]]),
  foundations: new Map(rows.map((row) => [row.name, row])),
});
const secrets = { find: () => Promise.resolve({ id: "s1", version: 3 } as never) };

it.each([
  ["container", { bmc: "s1:3" }],
  ["rack1", {}],
])("what is made is made anew for another secret, a machine in a rack is not: %s", async (name, marks) => {
  const row = snapshot.foundations.get(name)!;
  expect(await secretMarks(secrets, snapshot, { kind: "foundation", row })).toEqual(marks);
});
