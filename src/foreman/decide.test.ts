import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide as decideAll } from "./decide.ts";
import type {
  Buildable,
  ComplexView,
  DependencyView,
  ForemanStep,
  ForemanView,
  FoundationView,
  StructureView,
} from "./model.ts";

const planned = {
  state: "planned",
  wanted: "built",
  stale: false,
  rebuild: false,
  jobId: null,
  failed: false,
  holds: [],
  takes: [],
  since: 0,
  limits: [],
} as const;

const found = { located: true, complexId: null, placedOn: null, size: {} } as const;

type Part = Partial<ForemanView>;

function whole(part: Part): ForemanView {
  return { foundations: [], structures: [], dependencies: [], complexes: [], limits: new Map(), ...part };
}

function decide(view: Part): readonly ForemanStep[] {
  return decideAll(whole(view)).steps;
}

function foundation(id: string, structures: string[], more: Partial<FoundationView> = {}): FoundationView {
  return { id, name: id, ...planned, ...found, structures, ...more };
}

function dependency(
  id: string,
  foundationId: string,
  needs: string,
  more: Partial<DependencyView> = {},
): DependencyView {
  return { id, name: id, ...planned, foundationId, needs, runsOn: null, link: "soft", ...more };
}

function structure(
  id: string,
  foundationId: string,
  dependsOn: string[] = [],
  more: Partial<Buildable> = {},
): StructureView {
  return { id, name: id, ...planned, foundationId, dependsOn, ...more };
}

function text(steps: readonly ForemanStep[]): string[] {
  return steps.map((step) => (step.kind === "start" ? `${step.role} ${step.id}` : `${step.kind} ${step.id}`));
}

describe("what the foreman starts", () => {
  it("builds a foundation first, then what stands on it, then what depends on that", () => {
    const fresh: Part & { foundations: FoundationView[] } = {
      foundations: [foundation("f1", ["web"]), foundation("f2", ["balancer"])],
      structures: [structure("web", "f1"), structure("balancer", "f2", ["web"])],
    };
    expect(text(decide(fresh))).toEqual(["create f1", "create f2"]);
    const foundationsBuilt = {
      ...fresh,
      foundations: fresh.foundations.map((one) => ({ ...one, state: "built" as const })),
    };
    expect(text(decide(foundationsBuilt))).toEqual(["create web"]);
    const webBuilt = {
      ...foundationsBuilt,
      structures: [structure("web", "f1", [], { state: "built" }), structure("balancer", "f2", ["web"])],
    };
    expect(text(decide(webBuilt))).toEqual(["create balancer"]);
  });

  it("waits for a dependency that must be brought up to date first", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a", "b"], { state: "built" })],
      structures: [
        structure("a", "f", [], { state: "built", stale: true }),
        structure("b", "f", ["a"], { state: "built", stale: true }),
      ],
    };
    expect(text(decide(view))).toEqual(["update a"]);
  });

  it("destroys in reverse: dependents, then what they depend on, then the foundation", () => {
    const gone = { state: "built", wanted: "absent" } as const;
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a", "b"], gone)],
      structures: [structure("a", "f", [], gone), structure("b", "f", ["a"], gone)],
    };
    expect(text(decide(view))).toEqual(["destroy b"]);
    const bGone = { ...view, structures: [structure("a", "f", [], gone)] };
    expect(text(decide(bGone))).toEqual(["destroy a"]);
    expect(text(decide({ ...view, structures: [] }))).toEqual(["destroy f"]);
    expect(text(decide({ structures: [], foundations: [foundation("f", [], { wanted: "absent" })] }))).toEqual([
      "remove f",
    ]);
  });

  it("replaces a foundation by taking its structures off first", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a"], { state: "built", rebuild: true })],
      structures: [structure("a", "f", [], { state: "built" })],
    };
    expect(text(decide(view))).toEqual(["destroy a"]);
    const off = { ...view, structures: [structure("a", "f")] };
    expect(text(decide(off))).toEqual(["destroy f"]);
  });

  it("cancels what builds something that is to go away, and lets a destruction end", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [
        foundation("f", [], { jobId: "j", state: "building", wanted: "absent" }),
        foundation("g", [], { jobId: "k", state: "destroying", wanted: "absent" }),
      ],
      structures: [],
    };
    expect(decide(view)).toEqual([{ kind: "cancel", target: "foundation", id: "f", jobId: "j" }]);
  });

  it("creates nothing with an address that what is on its way out still holds", () => {
    const old = { state: "built", wanted: "absent", holds: ["127.0.0.1"], takes: ["127.0.0.1"] } as const;
    const fresh = { takes: ["127.0.0.1"] };
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [
        foundation("f", ["a"], old),
        foundation("g", ["b"], fresh),
        foundation("h", ["c"], { takes: ["127.0.0.2"] }),
      ],
      structures: [
        structure("a", "f", [], old),
        structure("b", "g", [], fresh),
        structure("c", "h", [], { takes: ["127.0.0.2"] }),
      ],
    };
    expect(text(decide(view))).toEqual(["create h", "destroy a"]);
    const aGone = { ...view, structures: view.structures.slice(1) };
    expect(text(decide(aGone))).toEqual(["destroy f", "create h"]);
    const destroyed = {
      ...aGone,
      foundations: [foundation("f", [], { ...old, state: "planned" }), ...view.foundations.slice(1)],
    };
    expect(text(decide(destroyed))).toEqual(["remove f", "create g", "create h"]);
  });

  it("lets two foundations exchange their addresses", () => {
    const swap = (state: "built" | "planned", holds: string, takes: string): Partial<Buildable> => ({
      state,
      rebuild: state === "built",
      holds: [holds],
      takes: [takes],
    });
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", [], swap("built", "1", "2")), foundation("g", [], swap("built", "2", "1"))],
      structures: [],
    };
    expect(text(decide(view))).toEqual(["destroy f", "destroy g"]);
    expect(
      text(decide({ ...view, foundations: [foundation("f", [], swap("planned", "1", "2")), view.foundations[1]!] })),
    ).toEqual(["destroy g"]);
  });

  it("leaves alone what has a job or has failed", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", [], { jobId: "j" }), foundation("g", [], { state: "failed", failed: true })],
      structures: [],
    };
    expect(decide(view)).toEqual([]);
  });
});

interface Row {
  kind: "foundation" | "structure";
  id: string;
  state: Buildable["state"];
  wanted: "built" | "absent";
  stale: boolean;
  rebuild: boolean;
  jobId: string | null;
  role?: string;
  on?: string;
  dependsOn: string[];
  /** The address it gets, and those of what is there. */
  address: string;
  holds: string[];
}

function viewOf(rows: ReadonlyMap<string, Row>): Part {
  const all = [...rows.values()];
  return {
    foundations: all
      .filter((row) => row.kind === "foundation")
      .map((row) => ({
        ...shown(row),
        ...found,
        structures: all.filter((other) => other.on === row.id).map((other) => other.id),
      })),
    structures: all
      .filter((row) => row.kind === "structure")
      .map((row) => ({ ...shown(row), foundationId: row.on ?? "", dependsOn: row.dependsOn })),
  };
}

function shown(row: Row): Buildable {
  return { ...planned, ...row, name: row.id, failed: false, takes: [row.address] };
}

/** Ends a job as the service would. */
function finish(rows: Map<string, Row>, row: Row): void {
  row.jobId = null;
  row.rebuild = false;
  if (row.role === "destroy") {
    row.state = "planned";
    row.holds = [];
  } else {
    row.state = "built";
    row.stale = false;
  }
  rows.set(row.id, row);
}

const rowState = fc.record({
  state: fc.constantFrom("planned" as const, "built" as const),
  wanted: fc.constantFrom("built" as const, "absent" as const),
  stale: fc.boolean(),
  rebuild: fc.boolean(),
  held: fc.nat(8),
});

const world = fc.array(
  fc.record({ foundation: rowState, structure: rowState, depends: fc.array(fc.nat(8), { maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

describe("the foreman from any inventory", () => {
  it("converges, in an order in which nothing stands on what is not there", () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (machines, choice) => {
        const rows = new Map<string, Row>();
        machines.forEach((machine, index) => {
          const absent = machine.structure.wanted === "absent";
          const dependsOn = [...new Set(machine.depends.filter((other) => other < index))].map((other) => `s${other}`);
          // A design never keeps what stands on something it takes away.
          const keeps = dependsOn.every((id) => rows.get(id)!.wanted === "built");
          const wanted = absent || !keeps ? "absent" : "built";
          const state = machine.structure.state;
          // What stays as it is has the address it should have; what goes or is made anew may have anybody's.
          const address = String(index);
          const onFoundation = wanted === "built" ? "built" : machine.foundation.wanted;
          const held = (goes: boolean, other: number): string[] => [goes ? String(other) : address];
          rows.set(`f${index}`, {
            kind: "foundation",
            id: `f${index}`,
            jobId: null,
            dependsOn: [],
            ...machine.foundation,
            wanted: onFoundation,
            state: state === "built" ? "built" : machine.foundation.state,
            address,
            holds: held(machine.foundation.rebuild || onFoundation === "absent", machine.foundation.held),
          });
          const goes = machine.structure.rebuild || machine.foundation.rebuild || wanted === "absent";
          const holds = held(goes, machine.structure.held);
          rows.set(`s${index}`, {
            kind: "structure",
            id: `s${index}`,
            jobId: null,
            on: `f${index}`,
            dependsOn,
            ...machine.structure,
            wanted,
            address,
            holds,
          });
        });
        for (let round = 0; ; round += 1) {
          expect(round).toBeLessThan(200);
          const steps = decide(viewOf(rows));
          for (const step of steps) {
            const row = rows.get(step.id)!;
            if (step.kind === "cancel") throw new Error("nothing here loses its purpose while it is built");
            if (step.kind === "remove") {
              expect(
                [...rows.values()].some(
                  (other) => other.on === row.id || (other.dependsOn.includes(row.id) && other.state !== "planned"),
                ),
              ).toBe(false);
              rows.delete(step.id);
              for (const other of rows.values()) other.dependsOn = other.dependsOn.filter((id) => id !== step.id);
              continue;
            }
            expect(row.jobId).toBeNull();
            if (step.role === "create" && row.kind === "structure") {
              expect(rows.get(row.on!)!.state).toBe("built");
              for (const id of row.dependsOn) expect(rows.get(id)!.state).toBe("built");
            }
            if (step.role === "destroy" && row.kind === "foundation") {
              for (const other of rows.values()) if (other.on === row.id) expect(other.state).toBe("planned");
            }
            if (step.role === "create") {
              for (const other of rows.values()) {
                const same = other === row || other.on === row.id || row.on === other.id;
                if (!same && other.state !== "planned") expect(other.holds).not.toContain(row.address);
              }
              row.holds = [row.address];
            }
            row.jobId = "job";
            row.role = step.role;
            row.state = step.role === "destroy" ? "destroying" : "building";
          }
          const running = [...rows.values()].filter((row) => row.jobId !== null);
          if (running.length === 0 && steps.length === 0) break;
          if (running.length > 0) finish(rows, running[choice.next().value! % running.length]!);
        }
        expect(decide(viewOf(rows))).toEqual([]);
        for (const row of rows.values()) {
          expect([row.id, row.wanted, row.state, row.stale]).toEqual([row.id, "built", "built", false]);
          expect(row.rebuild).toBe(false);
        }
      }),
    );
  });
});
