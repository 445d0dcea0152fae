import { expect, it } from "vitest";
import { rightsIn, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import type { InventoryRows, Snapshot } from "../inventory/index.ts";
import { emptySnapshot, foundation, group, site, structure } from "../inventory/testing.ts";
import { createQueryService } from "./service.ts";

const rows: Partial<InventoryRows> = {
  groups: [group("payroll")],
  sites: [site("plant"), site("lab")],
  foundations: [foundation("machine", { site: "lab" })],
  structures: [
    structure("host", { site: "lab", foundation: "machine" }),
    structure("guest", { site: "plant", foundation: null, parent: "host" }),
    structure("other", { site: "lab", foundation: null, dependsOn: ["guest"] }),
    structure("end", { site: "plant", foundation: null, dependsOn: ["other"] }),
  ],
};
const named = Object.entries(rows).map(([kind, list]) => [kind, new Map(list.map((row) => [row.name, row]))]);
const snapshot = emptySnapshot(Object.fromEntries(named) as Partial<Snapshot>);
const service = createQueryService(
  { snapshot: () => Promise.resolve(snapshot) },
  { observe: () => Promise.resolve([{ foundationId: "x", power: "absent", agent: "missing", services: null }]) },
);

/** Somebody who reads what is at the site `plant`. */
function reader(): Principal {
  const { tenantId } = ADMINISTRATOR;
  const scope = { kind: "site", tenantId, id: snapshot.sites.get("plant")!.id } as const;
  const rights = rightsIn([{ permissions: ["inventory.read"], scope }], tenantId)!;
  return { kind: "person", name: "paul", accountId: "p", tenantId, rights, rightsIn: () => rights };
}

it("counts, follows and compares only what one may read", async () => {
  const paul = reader();
  expect((await service.count(paul, { by: ["site"] })).items).toEqual([{ values: { site: "plant" }, count: 2 }]);
  const used = await service.uses(paul, { things: ["structure:guest"] }, 100);
  expect(used.items).toEqual([]);
  const affected = await service.affected(paul, ["structure:guest"], 100);
  expect(affected.items.map(({ thing }) => thing.name)).toEqual(["end"]);
  const different = (await service.differences(paul, { look: true }, 100)).items.map(({ name }) => name);
  expect(different).not.toContain("host");
  expect(different).not.toContain("machine");
});

it("answers what one may not read as something that is not there", async () => {
  const paul = reader();
  await expect(service.affected(paul, ["foundation:machine"], 10)).rejects.toMatchObject({ code: "not_found" });
  await expect(service.affected(paul, ["structure:hos"], 10)).rejects.toThrow("there is no structure 'hos'");
  await expect(service.count(paul, { site: "lab", by: [] })).rejects.toMatchObject({ code: "not_found" });
});

it("names no group that one may not read, and does not tell whether it is there", async () => {
  const paul = reader();
  const answer = async (group: string): Promise<unknown> =>
    service.uses(paul, { things: [], group }, 10).catch((error: unknown) => (error as Error).message);
  expect(await answer("payroll")).toBe("there is no group 'payroll'");
  expect(await answer("payrol")).toBe("there is no group 'payrol'");
});

it("follows a service as large as the inventory, each structure once", async () => {
  const structures = Array.from({ length: 20_000 }, (_, index) =>
    structure(`s${index}`, { site: "plant", foundation: null, role: "web" }),
  );
  const large = { ...snapshot, structures: new Map(structures.map((one) => [one.name, one])) };
  const counted = createQueryService(
    { snapshot: () => Promise.resolve(large) },
    { observe: () => Promise.resolve([]) },
  );
  const { asked } = await counted.uses(ADMINISTRATOR, { things: ["structure:s7"], role: "web" }, 10);
  expect(asked).toHaveLength(20_000);
});

it("does not say what it is that brings something down when that may not be read", async () => {
  const shown = async (principal: Principal): Promise<readonly string[]> =>
    (await service.affected(principal, ["structure:guest"], 10)).items.map(
      ({ thing, because }) => `${thing.name} because of ${because.thing.kind} '${because.thing.name}'`,
    );
  expect(await shown(ADMINISTRATOR)).toEqual([
    "other because of structure 'guest'",
    "end because of structure 'other'",
  ]);
  expect(await shown(reader())).toEqual(["end because of structure ''"]);
});

it("refuses what is no thing, with what is meant", async () => {
  await expect(service.affected(ADMINISTRATOR, ["foundatio:x"], 10)).rejects.toThrow("did you mean 'foundation:x'?");
  await expect(service.affected(ADMINISTRATOR, ["machine"], 10)).rejects.toMatchObject({ code: "question_invalid" });
});
