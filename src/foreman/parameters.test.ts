import { expect, it } from "vitest";
import type { FoundationBuild } from "../inventory/index.ts";
import { emptySnapshot, foundation, site } from "../inventory/testing.ts";
import { foundationParameters } from "./parameters.ts";

it("drivers are told whether a foundation was built before: what is there for it may then be what somebody works on", () => {
  const build = { addresses: [], hostname: "web1", attributes: {} } as unknown as FoundationBuild;
  const [fresh, built] = [foundation("fresh"), foundation("web1", { state: "building", build })];
  const snapshot = emptySnapshot({
    sites: new Map([["lab", site("lab")]]),
    foundations: new Map([fresh, built].map((one) => [one.name, one])),
  });
  expect(foundationParameters(snapshot, fresh, false)).toMatchObject({ built: false });
  expect(foundationParameters(snapshot, built, false)).toMatchObject({ built: true });
});
