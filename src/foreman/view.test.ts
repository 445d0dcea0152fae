import { expect, it } from "vitest";
import type { FoundationBuild, Snapshot, StructureBuild } from "../inventory/index.ts";
import { emptySnapshot, foundation, structure } from "../inventory/testing.ts";
import { decide } from "./decide.ts";
import { foremanView } from "./view.ts";

const inputs = { blueprint: "web", scripts: {}, templates: {}, variables: {}, site: "lab" };

function snapshotOf(rows: { foundations: Snapshot["foundations"]; structures: Snapshot["structures"] }): Snapshot {
  return { ...emptySnapshot(), ...rows };
}

it("sees a structure that moves where it was built, and the addresses it was built with", () => {
  const build: StructureBuild = { ...inputs, foundation: "old", addresses: ["127.0.0.1"], queries: [] };
  const below: FoundationBuild = {
    ...inputs,
    type: "local",
    attributes: {},
    hostname: "web",
    addresses: ["127.0.0.1"],
  };
  const web = structure("web", {
    id: "web",
    foundation: "new",
    addresses: [{ block: "b", address: "127.0.0.2" }],
    state: "built",
    rebuild: true,
    build,
  });
  const view = foremanView(
    snapshotOf({
      foundations: new Map([
        ["old", foundation("old", { id: "old", state: "built", wanted: "absent", build: below })],
        ["new", foundation("new", { id: "new" })],
      ]),
      structures: new Map([["web", web]]),
    }),
  );
  expect(view.foundations.map(({ id, structures, holds, takes }) => ({ id, structures, holds, takes }))).toEqual([
    { id: "old", structures: ["web"], holds: ["127.0.0.1"], takes: [] },
    { id: "new", structures: ["web"], holds: ["127.0.0.2"], takes: ["127.0.0.2"] },
  ]);
  expect(view.structures[0]).toMatchObject({ foundationId: "new", holds: ["127.0.0.1"], takes: ["127.0.0.2"] });
  // It is taken off the old machine before that goes.
  expect(decide(view).steps).toEqual([
    { kind: "start", role: "create", target: "foundation", id: "new" },
    { kind: "start", role: "destroy", target: "structure", id: "web" },
  ]);
});

it("does not wait for what nobody builds", () => {
  const view = foremanView(
    snapshotOf({
      foundations: new Map([["web", foundation("web", { state: "built" })]]),
      structures: new Map([
        ["storage", structure("storage", { blueprint: null, foundation: null })],
        ["web", structure("web", { id: "web", foundation: "web", dependsOn: ["storage"] })],
      ]),
    }),
  );
  expect(decide(view).steps).toEqual([{ kind: "start", role: "create", target: "structure", id: "web" }]);
});
