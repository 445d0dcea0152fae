import { expect, it } from "vitest";
import type { StructureBuild } from "../inventory/index.ts";
import { structure } from "../inventory/testing.ts";
import { structureDrift } from "./drift.ts";
import type { Observation } from "./model.ts";

const inputs = {
  blueprint: "web",
  scripts: {},
  templates: {},
  variables: {},
  addresses: [],
  site: "lab",
  foundation: "web",
  queries: [],
};

function reason(left: StructureBuild["services"], services: Observation["services"]): string | undefined {
  const build: StructureBuild = { ...inputs, ...(left === undefined ? {} : { services: left }) };
  const seen: Observation = { foundationId: "f", power: "on", agent: "connected", services };
  return structureDrift(structure("web", { state: "built", build }), seen)?.reason;
}

it("tells services that do not run, and those that are not there any more", () => {
  expect(reason({ web: "started" }, [{ name: "web", state: "running" }])).toBeUndefined();
  expect(reason({ web: "started" }, [{ name: "web", state: "failed" }])).toBe("service not running: web (failed)");
  expect(reason({ web: "started", log: "started" }, [{ name: "log", state: "stopped" }])).toBe(
    "services not running: log (stopped), web (gone)",
  );
  expect(reason({ web: "started" }, [])).toBe("service not running: web (gone)");
});

it("lets be what a script stopped, and what nobody could look at", () => {
  expect(reason({ spare: "stopped" }, [{ name: "spare", state: "stopped" }])).toBeUndefined();
  expect(reason({ spare: "stopped" }, [{ name: "spare", state: "failed" }])).toBe(
    "service not running: spare (failed)",
  );
  expect(reason({ web: "started" }, null)).toBeUndefined();
  expect(reason(undefined, [])).toBeUndefined();
});
