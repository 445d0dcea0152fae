import { describe, expect, it } from "vitest";
import { mergeExternal, type ForeignRow, type Snapshot, type Tenant } from "../inventory/index.ts";
import { OWNED_RULES, withExternal } from "../inventory/index.ts";
import { externalRows } from "./rows.ts";

const TENANT = { id: "t", name: "default", variables: {} } as unknown as Tenant;
const EAST = { name: "east", site: "east", tenantId: "t" };

function emptyWorld(): Snapshot {
  const rows = Object.fromEntries(OWNED_RULES.map((rule) => [rule.rows, new Map()]));
  return { ...(rows as unknown as Snapshot), tenant: TENANT, revision: 0 };
}

const WEB: readonly ForeignRow[] = [
  {
    kind: "structure",
    data: { name: "web1", site: "rack", blueprint: "nginx", foundation: "host1", zone: "a.b" },
    version: 7,
  },
  { kind: "site", data: { name: "rack", parent: "elsewhere", zone: "a.b" } },
  { kind: "interface", data: { structure: "web1", device: "eth0", network: "lan" } },
  { kind: "interface", data: { foundation: "host1", device: "eth0" } },
  { kind: "zone", data: { name: "a.b" } },
];

describe("rows of a backend", () => {
  it("refer to nothing that is not there, and are never built", () => {
    const { rows } = externalRows(EAST, TENANT, WEB);
    expect(rows.structures).toMatchObject([
      {
        name: "web1",
        site: "rack",
        blueprint: null,
        foundation: null,
        zone: null,
        version: 7,
        managedBy: "backend:east",
      },
    ]);
    expect(rows.sites?.map(({ name, parent, zone }) => [name, parent, zone])).toEqual([
      ["east", null, null],
      ["rack", "east", null],
    ]);
    expect(rows.interfaces?.map(({ name, network }) => [name, network])).toEqual([["web1/eth0", null]]);
    expect(rows.zones).toEqual([]);
  });

  it("keep their ids, which no other backend has", () => {
    const ids = (name: string) => externalRows({ ...EAST, name }, TENANT, WEB).rows.structures?.map(({ id }) => id);
    expect(ids("east")).toEqual(ids("east"));
    expect(ids("east")).not.toEqual(ids("other"));
  });

  it("are all refused when one of them is wrong", () => {
    const wrong: ForeignRow = { kind: "structure", data: { name: "a b", site: "east" } };
    expect(() => externalRows(EAST, TENANT, [...WEB, wrong])).toThrowError(
      expect.objectContaining({ code: "backend_unreadable" }) as Error,
    );
  });
});

describe("rows laid over others", () => {
  it("give way to those of their name, with what belongs to them", () => {
    const first = externalRows(EAST, TENANT, WEB);
    const second = externalRows({ name: "west", site: "west", tenantId: "t" }, TENANT, WEB);
    const { snapshot, conflicts } = mergeExternal(emptyWorld(), [first, second]);
    expect(conflicts).toEqual([
      { backend: "west", kind: "site", name: "rack", managedBy: "backend:east" },
      { backend: "west", kind: "structure", name: "web1", managedBy: "backend:east" },
      { backend: "west", kind: "interface", name: "web1/eth0", managedBy: "backend:east" },
    ]);
    expect(snapshot.structures.get("web1")?.managedBy).toBe("backend:east");
    const [web1] = first.rows.structures ?? [];
    const stored = { ...emptyWorld(), structures: new Map([["web1", { ...web1!, managedBy: "person" }]]) };
    const left = mergeExternal(stored, [first]);
    expect(left.conflicts).toEqual([{ backend: "east", kind: "structure", name: "web1", managedBy: "person" }]);
    expect(left.snapshot.interfaces.size).toBe(0);
  });

  it("are found page by page among what the database finds", () => {
    const page = { after: null, limit: 2 };
    expect(withExternal({ names: ["a", "d"], next: "d" }, ["b", "e"], page)).toEqual({ names: ["a", "b"], next: "b" });
    expect(withExternal({ names: ["d"], next: null }, ["b", "e"], { after: "b", limit: 2 })).toEqual({
      names: ["d", "e"],
      next: null,
    });
  });
});
