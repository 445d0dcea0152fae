import { expect, it } from "vitest";
import { embeddedModules } from "./modules.ts";

it("a server that is told so makes no foundations on its own machine", () => {
  const reach = { urls: [], through: () => Promise.resolve([]) };
  const parts = { dataFolder: "/nowhere", agentCommand: ["gantry"], environment: {}, reach };
  const names = (thisMachine: boolean) => embeddedModules({ ...parts, thisMachine }).map(({ name }) => name);
  expect(names(true)).toEqual(expect.arrayContaining(["docker", "local", "qemu"]));
  expect(names(false)).toEqual([]);
});
