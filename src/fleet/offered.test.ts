import { expect, test } from "vitest";
import { createOffered } from "./offered.ts";

const power = { summary: "Power", parameters: {}, safeToRepeat: true, observes: false };

test("modules are those of a tenant's own workers and of the server's, also while they are away", () => {
  const offered = createOffered();
  offered.note({ id: "own", tenantId: "a", modules: { ipmi: { limit: 2, functions: { power_on: power } } } });
  offered.note({ id: "foreign", tenantId: "b", modules: { redfish: { limit: 2, functions: {} } } });
  offered.note({ id: "server", tenantId: null, modules: { local: { limit: 1, functions: {} } } });
  expect(Object.keys(offered.of("a"))).toEqual(["ipmi", "local"]);
  expect(Object.keys(offered.of("b"))).toEqual(["redfish", "local"]);
  offered.forget("own");
  expect(Object.keys(offered.of("a"))).toEqual(["local"]);
});

test("functions that several offer are as the one says that connected last", () => {
  const offered = createOffered();
  const other = { ...power, summary: "Newer" };
  offered.note({ id: "1", tenantId: "a", modules: { ipmi: { limit: 4, functions: { on: power, off: power } } } });
  offered.note({ id: "2", tenantId: "a", modules: { ipmi: { limit: 1, functions: { on: other } } } });
  expect(offered.of("a")["ipmi"]).toEqual({ limit: 4, functions: { on: other, off: power } });
  offered.note({ id: "1", tenantId: "a", modules: { ipmi: { limit: 4, functions: { on: power } } } });
  expect(offered.of("a")["ipmi"]?.functions["on"]).toBe(power);
});
