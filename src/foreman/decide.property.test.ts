import fc from "fast-check";
import { expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { BuildState, ForemanView, TargetKind } from "./model.ts";

/** A row as a test moves it. */
interface Row {
  readonly kind: TargetKind;
  readonly id: string;
  state: BuildState;
  wanted: "built" | "absent";
  rebuild: boolean;
  stale: boolean;
  jobId: string | null;
  role: string;
  placedOn: string | null;
}

/** Hosts on machines of their own form a complex; servers are offered by it or stand alone, and depend on hosts or on each other's port. */
interface Shape {
  readonly hosts: number;
  readonly capacity: number;
  readonly limit: number;
  readonly servers: readonly {
    readonly offered: boolean;
    readonly needs: number;
    readonly link: "soft" | "hard" | "none";
  }[];
}

const shape: fc.Arbitrary<Shape> = fc.record({
  hosts: fc.integer({ min: 1, max: 3 }),
  capacity: fc.constant(4),
  limit: fc.integer({ min: 1, max: 5 }),
  servers: fc.array(
    fc.record({ offered: fc.boolean(), needs: fc.nat(2), link: fc.constantFrom("soft", "hard", "none") }),
    { maxLength: 4 },
  ),
});

function rowsOf({ hosts, servers }: Shape): Map<string, Row> {
  const rows = new Map<string, Row>();
  const add = (kind: TargetKind, id: string): void => {
    const idle = { state: "planned", wanted: "built", rebuild: false, stale: false, jobId: null } as const;
    rows.set(id, { kind, id, role: "", placedOn: null, ...idle });
  };
  for (let at = 0; at < hosts; at += 1) {
    add("foundation", `f-h${at}`);
    add("structure", `h${at}`);
  }
  servers.forEach(({ link }, at) => {
    add("foundation", `f-s${at}`);
    add("structure", `s${at}`);
    if (link !== "none") add("dependency", `d${at}`);
  });
  return rows;
}

function viewOf(one: Shape, rows: ReadonlyMap<string, Row>): ForemanView {
  const hosts = Array.from({ length: one.hosts }, (_, at) => `h${at}`).filter((id) => rows.has(id));
  const all = [...rows.values()].map((row) => ({
    ...row,
    name: row.id,
    failed: false,
    holds: [],
    takes: [],
    since: 0,
    limits: ["all"],
  }));
  const of = (kind: TargetKind) => all.filter((row) => row.kind === kind);
  return {
    foundations: of("foundation").map((row) => {
      const above = row.id.slice("f-".length);
      const server = above.startsWith("s") ? one.servers[Number(above.slice(1))] : undefined;
      const structures = rows.has(above) ? [above] : [];
      const complexId = server?.offered === true ? "pool" : null;
      return { ...row, structures, located: true, complexId, size: {} };
    }),
    structures: of("structure").map((row) => ({ ...row, foundationId: `f-${row.id}`, dependsOn: [] })),
    dependencies: of("dependency").map((row) => {
      const at = Number(row.id.slice(1));
      const needs = `h${one.servers[at]!.needs % one.hosts}`;
      const link = one.servers[at]!.link === "hard" ? "hard" : "soft";
      return { ...row, foundationId: `f-s${at}`, needs, runsOn: needs, link };
    }),
    complexes: [
      {
        id: "pool",
        name: "pool",
        members: hosts.map((id) => ({ id, name: id })),
        needed: 1,
        capacity: { foundations: one.capacity },
      },
    ],
    limits: new Map([["all", one.limit]]),
  };
}

/** Lets jobs end in any order until nothing is left to do, and looks at every step. */
function converge(one: Shape, rows: Map<string, Row>, choice: Iterator<number>): void {
  for (let round = 0; ; round += 1) {
    expect(round).toBeLessThan(500);
    const view = viewOf(one, rows);
    const { steps } = decide(view);
    for (const step of steps) {
      const row = rows.get(step.id)!;
      expect(step.kind).not.toBe("cancel");
      if (step.kind === "remove") {
        rows.delete(step.id);
        continue;
      }
      if (step.kind !== "start") continue;
      expect(row.jobId).toBeNull();
      if (step.role === "create") checkCreation(view, rows, row);
      if (step.role === "destroy") checkDestruction(view, rows, row);
      Object.assign(row, { jobId: "job", role: step.role, rebuild: false });
      row.state = step.role === "destroy" ? "destroying" : "building";
      if (step.placedOn !== undefined) row.placedOn = step.placedOn;
    }
    const running = [...rows.values()].filter((row) => row.jobId !== null);
    expect(running.length).toBeLessThanOrEqual(one.limit);
    for (const host of view.complexes[0]!.members) {
      const placed = [...rows.values()].filter((row) => row.placedOn === host.id);
      expect(placed.length).toBeLessThanOrEqual(one.capacity);
    }
    if (running.length === 0 && steps.length === 0) break;
    if (running.length === 0) continue;
    const ended = running[choice.next().value! % running.length]!;
    ended.jobId = null;
    ended.state = ended.role === "destroy" ? "planned" : "built";
    if (ended.role === "destroy") ended.placedOn = null;
  }
  for (const row of rows.values())
    expect([row.id, row.state, row.wanted, row.rebuild]).toEqual([row.id, "built", "built", false]);
}

function isBuilt(rows: ReadonlyMap<string, Row>, id: string | null): boolean {
  const row = rows.get(id ?? "");
  return row?.state === "built" && row.jobId === null;
}

function isThere(rows: ReadonlyMap<string, Row>, id: string): boolean {
  const row = rows.get(id);
  return row !== undefined && (row.state !== "planned" || row.jobId !== null);
}

function checkCreation(view: ForemanView, rows: ReadonlyMap<string, Row>, row: Row): void {
  if (row.kind === "structure") expect(isBuilt(rows, `f-${row.id}`)).toBe(true);
  if (row.kind === "dependency")
    expect(isBuilt(rows, view.dependencies.find(({ id }) => id === row.id)!.needs)).toBe(true);
  if (row.kind === "foundation")
    for (const { id, foundationId } of view.dependencies)
      if (foundationId === row.id) expect(isBuilt(rows, id)).toBe(true);
}

function checkDestruction(view: ForemanView, rows: ReadonlyMap<string, Row>, row: Row): void {
  if (row.kind === "foundation") expect(isThere(rows, row.id.slice("f-".length))).toBe(false);
  if (row.kind !== "structure") return;
  for (const { id, needs } of view.dependencies) if (needs === row.id) expect(isThere(rows, id)).toBe(false);
  for (const other of rows.values()) if (other.placedOn === row.id) expect(isThere(rows, other.id)).toBe(false);
}

it("builds and makes anew, in an order in which nothing loses its ground, within limits and room", () => {
  fc.assert(
    fc.property(shape, fc.infiniteStream(fc.nat()), fc.array(fc.nat(), { maxLength: 4 }), (one, choice, changes) => {
      const rows = rowsOf(one);
      converge(one, rows, choice);
      const all = [...rows.values()];
      for (const change of changes) all[change % all.length]!.rebuild = true;
      // What goes is a server with all that is its own.
      const leaving = changes[0] === undefined ? -1 : changes[0] % (one.servers.length + 1);
      for (const id of [`f-s${leaving}`, `s${leaving}`, `d${leaving}`]) {
        const row = rows.get(id);
        if (row !== undefined) row.wanted = "absent";
      }
      converge(one, rows, choice);
      expect(rows.has(`s${leaving}`)).toBe(false);
    }),
  );
});
